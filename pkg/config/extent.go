package config

import (
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// offset is where a node begins in the text; columns count characters.
func (e *editor) offset(n *yaml.Node) (int, bool) {
	if n.Line < 1 || n.Line >= len(e.starts) {
		return 0, false
	}
	at := e.starts[n.Line-1]
	for i := 1; i < n.Column; i++ {
		if at >= e.starts[n.Line] {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(e.text[at:])
		at += size
	}
	return at, true
}

// end is the offset behind a value that begins at from. ok is false for values that
// are not a plain or quoted text of one line, or in brackets.
func (e *editor) end(n *yaml.Node, from int) (to int, ok bool) {
	rest := e.text[from:]
	switch {
	case n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		return 0, false
	case n.Kind == yaml.AliasNode:
		return from + 1 + len(n.Value), strings.HasPrefix(rest, "*"+n.Value)
	case n.Kind != yaml.ScalarNode:
		if n.Style&yaml.FlowStyle == 0 {
			return 0, false
		}
		size, ok := bracketed(rest)
		return from + size, ok
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		size, ok := quoted(rest)
		return from + size, ok
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 0, false
	}
	return from + len(n.Value), strings.HasPrefix(rest, n.Value)
}

// quoted is the length of the quoted text that s begins with.
func quoted(s string) (int, bool) {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return 0, false
	}
	q := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && q == '"':
			i++
		case s[i] == q && q == '\'' && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1, true
		}
	}
	return 0, false
}

// bracketed is the length of the {…} or […] that s begins with. Quotes count where a
// value begins, and # where a comment can.
func bracketed(s string) (int, bool) {
	depth, fresh := 0, true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '{' || c == '[':
			depth, fresh = depth+1, true
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1, true
			}
			fresh = false
		case c == ',' || c == ':':
			fresh = true
		case (c == '"' || c == '\'') && fresh:
			size, ok := quoted(s[i:])
			if !ok {
				return 0, false
			}
			i += size - 1
			fresh = false
		case c == '#' && i > 0 && (s[i-1] == ' ' || s[i-1] == '\n' || s[i-1] == '\t'):
			size := strings.IndexByte(s[i:], '\n')
			if size < 0 {
				return 0, false
			}
			i += size
		case c != ' ' && c != '\n' && c != '\t':
			fresh = false
		}
	}
	return 0, false
}
