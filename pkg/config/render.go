package config

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// clean copies a tree without anchors and places. Its outer levels are laid out as
// blocks, the rest in brackets on one line. Comments are dropped.
func clean(n *yaml.Node, blocks int) *yaml.Node {
	c := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Style: n.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.TaggedStyle)}
	if n.Kind == yaml.ScalarNode {
		if strings.ContainsAny(n.Value, "\n\r\t\u0085\u2028\u2029") {
			c.Style = yaml.DoubleQuotedStyle
		}
		return c
	}
	if blocks <= 0 {
		c.Style |= yaml.FlowStyle
	}
	for _, item := range n.Content {
		c.Content = append(c.Content, clean(item, blocks-1))
	}
	return c
}

// unfolded is clean for a {…} that stood on several lines: the comments in it stay, and
// what holds them is laid out as blocks.
func unfolded(n *yaml.Node, blocks int) *yaml.Node {
	c := clean(n, blocks)
	for i, item := range n.Content {
		inner := unfolded(item, blocks-1)
		inner.HeadComment, inner.LineComment, inner.FootComment = item.HeadComment, item.LineComment, item.FootComment
		c.Content[i] = inner
		if commented(item) {
			c.Style &^= yaml.FlowStyle
		}
	}
	return c
}

func commented(n *yaml.Node) bool {
	if n.HeadComment+n.LineComment+n.FootComment != "" {
		return true
	}
	return slices.ContainsFunc(n.Content, commented)
}

// flowText is a value on one line.
func flowText(n *yaml.Node) string {
	text := encode(clean(n, 0))
	return strings.TrimSuffix(text, "\n")
}

// oneLine is `key: value`.
func oneLine(k, v *yaml.Node) string {
	return strings.TrimSuffix(encode(clean(sectionOf(k, v), 1)), "\n")
}

// indented is a tree's text, each line behind that many spaces.
func indented(n *yaml.Node, indent int) string {
	pad := strings.Repeat(" ", indent)
	return pad + strings.ReplaceAll(strings.TrimSuffix(encode(n), "\n"), "\n", "\n"+pad) + "\n"
}
