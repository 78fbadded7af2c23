package config

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// override applies one a.b.c=value to the tree. Sections that are absent are made; what
// is wrong with the value is found later, with the argument as its place.
func (d *decoder) override(root *yaml.Node, arg string) {
	key, text, found := strings.Cut(arg, "=")
	key = strings.TrimSpace(key)
	parts := strings.Split(key, ".")
	for _, part := range parts {
		if !found || strings.TrimSpace(part) == "" {
			d.setProblem(arg, "", "expected key=value, such as training.epochs=5")
			return
		}
	}
	value, problem := parseSetValue(text)
	if problem != "" {
		d.setProblem(arg, key, problem)
		return
	}
	d.mark(value, arg)
	if d.kind == KindTrain {
		for _, s := range shortKeys {
			if key == s.short {
				parts = strings.Split(s.long, ".")
			}
		}
	}
	d.place(root, parts, value, arg)
	if d.kind == KindTrain {
		d.expandShort(root)
	}
}

func (d *decoder) setProblem(arg, key, text string) {
	d.problems = append(d.problems, Problem{File: d.file, Set: arg, Key: key, Text: text})
}

// mark records that nodes came by --set.
func (d *decoder) mark(n *yaml.Node, arg string) {
	d.overs[n] = arg
	for _, c := range n.Content {
		d.mark(c, arg)
	}
}

// place walks to the key's section, making what is absent, and puts the value there.
func (d *decoder) place(root *yaml.Node, parts []string, value *yaml.Node, arg string) {
	n := root
	for i, part := range parts {
		last := i == len(parts)-1
		here := strings.Join(parts[:i+1], ".")
		if n.Kind == yaml.SequenceNode {
			j, err := strconv.Atoi(part)
			if err != nil || j < 0 || j >= len(n.Content) {
				d.setProblem(arg, here, "expected the number of one of the list's "+strconv.Itoa(len(n.Content))+" items, counted from 0")
				return
			}
			if last {
				n.Content[j] = value
				return
			}
			n = n.Content[j]
			continue
		}
		if isNull(n) {
			n.Kind, n.Tag, n.Value = yaml.MappingNode, "!!map", ""
		}
		if n.Kind != yaml.MappingNode {
			d.setProblem(arg, strings.Join(parts[:i], "."), "found one value there, expected a section that can have "+part)
			return
		}
		_, next := find(n, part)
		if last || next == nil {
			next = value
			if !last {
				next = mappingNode()
			}
			d.overs[put(n, part, next)] = arg
		}
		n = next
	}
}

// parseSetValue reads the text after the = as one YAML value. Its nodes have no place
// in the file.
func parseSetValue(text string) (n *yaml.Node, problem string) {
	null := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	if strings.TrimSpace(text) == "" {
		return null, ""
	}
	var doc, second yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(text))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) || err == nil && strings.HasPrefix(strings.TrimSpace(text), "#") {
		return nil, "the value is a YAML comment; put it in quotes"
	} else if err != nil {
		return nil, "the value is not valid YAML: " + syntaxHint(err.Error(), text)
	}
	if !errors.Is(dec.Decode(&second), io.EOF) {
		return nil, "the value is more than one YAML document"
	}
	d := &decoder{}
	if n = d.unfold(doc.Content[0]); len(d.problems) > 0 {
		return nil, "the value " + d.problems[0].Text
	}
	clearPlace(n)
	stripComments(n)
	return n, ""
}

func stripComments(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		stripComments(c)
	}
}
