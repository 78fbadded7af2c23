package config

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// shortValues are sections that may be given as their main key's value alone:
// `optimizer: adam` is `optimizer: {name: adam}`.
var shortValues = []struct{ section, key string }{
	{"training.optimizer", "name"},
	{"training.scheduler", "name"},
	{"training.early_stopping", "patience"},
	{"training.grad_clip", "max_norm"},
}

// shortKeys are keys that may stand in a section where users expect them.
var shortKeys = []struct{ short, long string }{
	{"training.lr", "training.optimizer.lr"},
	{"training.batch_size", "data.batch_size"},
}

// expandShort replaces the short forms of a training config by the long ones, in place.
func (d *decoder) expandShort(root *yaml.Node) {
	for _, s := range shortValues {
		if n := lookup(root, s.section); n != nil {
			d.wrapShort(n, s.key)
		}
	}
	for _, s := range shortKeys {
		d.moveShort(root, s.short, s.long)
	}
}

// wrapShort turns a text or a number into a section of one key.
func (d *decoder) wrapShort(n *yaml.Node, key string) {
	if n.Kind != yaml.ScalarNode || isNull(n) || n.ShortTag() == "!!bool" {
		return
	}
	value, k := *n, textNode(key)
	k.Line, k.Column = n.Line, n.Column
	value.HeadComment, value.LineComment, value.FootComment = "", "", ""
	if set := d.overs[n]; set != "" {
		d.overs[k], d.overs[&value] = set, set
	}
	n.Kind, n.Tag, n.Value, n.Style = yaml.MappingNode, "!!map", "", yaml.FlowStyle
	n.Content = []*yaml.Node{k, &value}
}

// moveShort moves a key to its own section; both given is a problem.
func (d *decoder) moveShort(root *yaml.Node, short, long string) {
	fromPath, fromKey := cutPath(short)
	from := lookup(root, fromPath)
	if from == nil || from.Kind != yaml.MappingNode {
		return
	}
	k, v := find(from, fromKey)
	if k == nil {
		return
	}
	toPath, toKey := cutPath(long)
	to := lookup(root, toPath)
	if to != nil && to.Kind == yaml.MappingNode {
		if twice, _ := find(to, toKey); twice != nil {
			d.problem(v, spot{short, k}, "is short for "+long+", which is given too ("+d.where(twice)+"); keep one of them")
			remove(from, fromKey)
			return
		}
	}
	moved := *k
	moved.Value = toKey
	if set := d.overs[k]; set != "" {
		d.overs[&moved] = set
	}
	outer, section := cutPath(toPath)
	switch {
	case to != nil && to.Kind == yaml.MappingNode:
		to.Content = append(to.Content, &moved, v)
		remove(from, fromKey)
	case to != nil && !isNull(to):
		remove(from, fromKey) // the section itself has the wrong type, which is reported
	case to == nil && outer == fromPath:
		inPlace := *k
		inPlace.Value = section
		for i := range from.Content {
			if from.Content[i] == k {
				from.Content[i], from.Content[i+1] = &inPlace, sectionOf(&moved, v)
			}
		}
	default:
		put(lookup(root, outer), section, sectionOf(&moved, v))
		remove(from, fromKey)
	}
}

func sectionOf(content ...*yaml.Node) *yaml.Node {
	n := mappingNode()
	n.Content = content
	return n
}

// cutPath splits a.b.c into a.b and c.
func cutPath(path string) (outer, key string) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// lookup follows a path of keys; nil where it ends. The empty path is the root.
func lookup(root *yaml.Node, path string) *yaml.Node {
	n := root
	for _, key := range splitTag(path, ".") {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		_, n = find(n, key)
	}
	return n
}
