package config

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// find gives the key and value nodes of a key in a mapping; nil where it is absent.
func find(m *yaml.Node, key string) (k, v *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// put sets a key's value, at its place or else at the end.
func put(m *yaml.Node, key string, v *yaml.Node) (k *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content[i+1] = v
			return m.Content[i]
		}
	}
	k = textNode(key)
	m.Content = append(m.Content, k, v)
	return k
}

// remove takes a key out of a mapping.
func remove(m *yaml.Node, key string) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content = append(m.Content[:i:i], m.Content[i+2:]...)
			return
		}
	}
}

func textNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func mappingNode() *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" && n.Style&yaml.TaggedStyle == 0
}

// sameTree reports whether two trees hold the same keys and values; the order of keys
// does not count. Aliases are equal to nothing.
func sameTree(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || len(a.Content) != len(b.Content) {
		return false
	}
	switch a.Kind {
	case yaml.ScalarNode:
		return a.ShortTag() == b.ShortTag() && (a.Value == b.Value || isNull(a))
	case yaml.SequenceNode:
		for i := range a.Content {
			if !sameTree(a.Content[i], b.Content[i]) {
				return false
			}
		}
		return true
	case yaml.MappingNode:
		for i := 0; i+1 < len(a.Content); i += 2 {
			if _, v := find(b, a.Content[i].Value); v == nil || !sameTree(a.Content[i+1], v) {
				return false
			}
		}
		return true
	}
	return false
}

// maxNodes bounds the tree that aliases unfold to, and so does the text itself: its
// aliases may make it ten times as large, and a little more.
const maxNodes = 100_000

func unfoldLimit(root *yaml.Node) int { return min(maxNodes, 1000+10*countNodes(root)) }

func countNodes(n *yaml.Node) int {
	count := 1
	for _, c := range n.Content {
		count += countNodes(c)
	}
	return count
}

// unfolder copies a parsed tree, with each alias and each merge key replaced by what it
// stands for, and reports keys given twice.
type unfolder struct {
	file     string
	active   map[*yaml.Node]bool
	nodes    int
	limit    int
	problems []Problem
}

// unfold gives the copy.
func (d *decoder) unfold(root *yaml.Node) *yaml.Node {
	u := &unfolder{file: d.file, limit: unfoldLimit(root), active: map[*yaml.Node]bool{}}
	n := u.copy(root, "")
	d.problems = append(d.problems, u.problems...)
	return n
}

func (u *unfolder) problem(n *yaml.Node, key, text string) {
	u.problems = append(u.problems, Problem{File: u.file, Line: n.Line, Column: n.Column, Key: key, Text: text})
}

func (u *unfolder) copy(n *yaml.Node, path string) *yaml.Node {
	if u.nodes++; u.nodes > u.limit {
		if u.nodes == u.limit+1 {
			u.problem(n, path, fmt.Sprintf("the file holds more than %d values, with what its aliases stand for", u.limit))
		}
		return textNode("")
	}
	if n.Kind == yaml.AliasNode {
		if u.active[n.Alias] {
			u.problem(n, path, "*"+n.Value+" refers to the very value that it stands in")
			return textNode("")
		}
		return u.copy(n.Alias, path)
	}
	if n.Anchor != "" {
		u.active[n] = true
		defer delete(u.active, n)
	}
	c := *n
	c.Anchor, c.Content = "", nil
	if isNull(n) && n.Value == "" {
		c.Value = "null" // the YAML library would write an empty one as text
	}
	switch n.Kind {
	case yaml.MappingNode:
		u.mapping(n, &c, path)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			c.Content = append(c.Content, u.copy(item, fmt.Sprintf("%s[%d]", path, i)))
		}
	}
	return &c
}

// mapping copies the entries: a key's first value holds, and keys of the mapping itself
// win over merged ones.
func (u *unfolder) mapping(n, c *yaml.Node, path string) {
	lines := map[string]int{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" {
			merged = append(merged, v)
			continue
		}
		if k.Kind != yaml.ScalarNode {
			u.problem(k, path, "found "+describeFound(k)+" as a key, expected a word")
			continue
		}
		if first, twice := lines[k.Value]; twice {
			u.problem(k, join(path, k.Value), fmt.Sprintf("given twice, first on line %d; keep one of them", first))
			continue
		}
		lines[k.Value] = k.Line
		key := *k
		key.Anchor = ""
		c.Content = append(c.Content, &key, u.copy(v, join(path, k.Value)))
	}
	for _, v := range merged {
		u.merge(v, c, path)
	}
}

// merge adds the entries of a << value, a mapping or a list of them.
func (u *unfolder) merge(v, c *yaml.Node, path string) {
	from := u.copy(v, path)
	maps := []*yaml.Node{from}
	if from.Kind == yaml.SequenceNode {
		maps = from.Content
	}
	for _, m := range maps {
		if m.Kind != yaml.MappingNode {
			u.problem(v, path, "found "+describeFound(m)+" after <<, expected a section to take keys from")
			continue
		}
		for i := 0; i+1 < len(m.Content); i += 2 {
			if k, _ := find(c, m.Content[i].Value); k == nil {
				c.Content = append(c.Content, m.Content[i], m.Content[i+1])
			}
		}
	}
}

// join adds a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
