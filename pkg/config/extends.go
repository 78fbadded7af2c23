package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// extendsKey names, at the top of a file, the file that it builds on.
const extendsKey = "extends"

// maxBases bounds a chain of files that build on one another.
const maxBases = 16

// extend merges what root builds on into it. The one rule: sections are merged key by
// key, and for all else the value of the file that builds on the other holds; null takes
// a key away. from lists the files of the chain. The path is relative to its own file.
func (d *decoder) extend(root *yaml.Node, from []string) {
	k, v := find(root, extendsKey)
	if k == nil {
		return
	}
	remove(root, extendsKey)
	path, ok := d.basePath(v, spot{extendsKey, k}, from)
	if !ok {
		return
	}
	base := d.base(path, spot{extendsKey, k}, append(slices.Clone(from), path))
	if base != nil {
		mergeBase(root, base)
	}
}

// basePath is the path that an extends key gives.
func (d *decoder) basePath(v *yaml.Node, at spot, from []string) (path string, ok bool) {
	const wanted = "the path of one config, relative to this file"
	if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" || strings.TrimSpace(v.Value) == "" {
		d.problem(v, at, "found "+describeFound(v)+", expected "+wanted)
		return "", false
	}
	path, _, problem := resolve(v.Value, d.env)
	if problem != "" {
		d.problem(v, at, problem)
		return "", false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from[len(from)-1]), path)
	}
	switch {
	case slices.ContainsFunc(from, func(f string) bool { return filepath.Clean(f) == filepath.Clean(path) }):
		d.problem(v, at, "the files build on one another in a circle: "+strings.Join(append(slices.Clone(from), path), " -> "))
	case len(from) > maxBases:
		d.problem(v, at, "more than "+strconv.Itoa(maxBases)+" files build on one another")
	default:
		return path, true
	}
	return "", false
}

// base reads the file at path with what it builds on itself; nil where something is
// wrong with it, which is reported.
func (d *decoder) base(path string, at spot, from []string) *yaml.Node {
	text, err := readFile(path)
	var mine *Error
	if errors.As(err, &mine) && mine.Problems[0].Line == 0 {
		d.problem(nil, at, "found "+path+", which "+reading(mine.Problems[0].Text))
		return nil
	}
	var parsed *yaml.Node
	if err == nil {
		parsed, err = parseText(path, text)
	}
	if errors.As(err, &mine) {
		d.problems = append(d.problems, mine.Problems...)
		return nil
	}
	if err != nil {
		d.problem(nil, at, err.Error())
		return nil
	}
	b := &decoder{places: places{path, d.overs, d.origins}, kind: d.kind, env: d.env, models: d.models}
	root := b.unfold(parsed)
	if d.kind == KindTrain {
		b.expandShort(root)
	}
	b.settle(root)
	b.extend(root, from)
	d.problems = append(d.problems, b.problems...)
	return root
}

// reading fits the sentence about a file behind "which".
func reading(text string) string {
	if rest, ok := strings.CutPrefix(text, "no such file"); ok {
		return "is not there" + rest
	}
	return text
}

// settle notes where the values of this file stand, and takes that from the nodes: in
// the text of the file that builds on it they have no place.
func (d *decoder) settle(n *yaml.Node) {
	if n.Line > 0 {
		d.origins[n] = position{file: d.file, line: n.Line, column: n.Column}
	}
	n.Line, n.Column = 0, 0
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		d.settle(c)
	}
}

// mergeBase adds to the section n what only the base has.
func mergeBase(n, base *yaml.Node) {
	for i := 0; i+1 < len(base.Content); i += 2 {
		key, value := base.Content[i], base.Content[i+1]
		_, own := find(n, key.Value)
		switch {
		case own == nil:
			n.Content = append(n.Content, key, value)
		case isNull(own):
			remove(n, key.Value)
		case own.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			mergeBase(own, value)
		}
	}
}
