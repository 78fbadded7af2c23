package config

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Document is a loaded config as text: what the user wrote, with overrides applied,
// short forms expanded and every effective default added. It holds references such as
// ${VAR}, never their values.
type Document struct {
	places
	text  string     // the file's text
	root  *yaml.Node // the effective config
	saved string     // the text that says it
}

// decode reads the tree into the struct that into points to; the tree is then the
// effective config.
func (d *decoder) decode(text string, root *yaml.Node, into any) (*Document, error) {
	d.section(root, reflect.ValueOf(into).Elem(), spot{}, nil)
	if err := newError(d.problems); err != nil {
		return nil, err
	}
	doc := &Document{places: d.places, text: text, root: root}
	return doc, doc.render()
}

// render makes the text that says the tree.
func (d *Document) render() error {
	for _, candidate := range []func() string{d.edited, d.rewritten, d.plain} {
		if saved := candidate(); d.holds(saved) {
			d.saved = saved
			return nil
		}
	}
	return fileError(d.file, "cannot be saved as YAML with its defaults; write it without anchors, tags and keys over several lines")
}

// Settle puts the number that was found for a key in the place of the word, such as auto,
// that asked for it: in what is saved and in Map.
func (d *Document) Settle(key string, n int) error {
	node := lookup(d.root, key)
	if node == nil || node.Kind != yaml.ScalarNode {
		return fmt.Errorf("settle %s: the config has no such value", key)
	}
	node.Value, node.Tag, node.Style = strconv.Itoa(n), "!!int", 0
	return d.render()
}

// Effective is the text to save as config.yaml. Lines that need no change are the
// user's own, byte for byte. Loading it gives the same structs, and the same text.
func (d *Document) Effective() []byte {
	return []byte(d.saved)
}

// edited is the user's text with the necessary changes made in it.
func (d *Document) edited() string {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(d.text), &doc) != nil || len(doc.Content) == 0 {
		return ""
	}
	return edit(d.text, doc.Content[0], d.root)
}

// rewritten is the tree as the YAML library lays it out, comments included: for texts
// that edited does not understand (a key over several lines, for example).
func (d *Document) rewritten() string { return encode(d.root) }

// plain is the tree without comments.
func (d *Document) plain() string {
	return encode(clean(d.root, 2))
}

// holds reports whether a text says what the tree says.
func (d *Document) holds(text string) bool {
	root, err := parseText("", text)
	if err != nil {
		return false
	}
	check := &decoder{}
	root = check.unfold(root)
	return len(check.problems) == 0 && sameTree(root, d.root)
}

func encode(n *yaml.Node) string {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if enc.Encode(n) != nil || enc.Close() != nil {
		return ""
	}
	return b.String()
}

// Map is the effective config as plain values: map[string]any, []any, string, bool,
// int, float64 and nil. References such as ${VAR} stay as text.
func (d *Document) Map() map[string]any {
	return plainValue(d.root).(map[string]any)
}

func plainValue(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plainValue(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = plainValue(c)
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		return plainNumber(n.Value)
	}
	return n.Value
}

// plainNumber gives an int for 5 and 0x1F, a float64 for 5.0, and the text itself for
// what is no number that a config may hold.
func plainNumber(s string) any {
	x, exact, whole, ok := parseNumber(s)
	switch {
	case !ok:
		return s
	case whole && (otherBase.MatchString(s) || !strings.ContainsAny(s, ".eE")) && int64(int(exact)) == exact:
		return int(exact)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return x
}
