package config

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// Unmarshaler is a type that reads its own YAML, such as a list whose items are a word
// or a section of one key. It is called with the value of its key, or with its default;
// not where the key is absent and has none. What it reports keeps its place and key path.
type Unmarshaler interface {
	UnmarshalConfig(v Value)
}

// Shape is what a Value looks like.
type Shape int

// The shapes of a Value.
const (
	Nothing Shape = iota // absent, or null
	Scalar               // one text, number or truth value
	List                 // [a, b]
	Section              // {a: 1}
)

// Value is one value of a config, with its place in the file.
type Value struct {
	d    *decoder
	node *yaml.Node // nil where absent
	at   spot
	doc  string
}

// Entry is one key of a section.
type Entry struct {
	Key   string
	Value Value
}

// Key is the value's path, such as model.layers[2].
func (v Value) Key() string { return v.at.path }

// Shape is what the value looks like.
func (v Value) Shape() Shape {
	switch {
	case isNull(v.node):
		return Nothing
	case v.node.Kind == yaml.MappingNode:
		return Section
	case v.node.Kind == yaml.SequenceNode:
		return List
	}
	return Scalar
}

// Decode reads the value strictly into what the pointer points to: a struct with tags
// (defaults are filled in, and saved where the value is a section), a list, a map, a
// text, a number. check holds rules as in a check tag. It reports whether all is well;
// what is not is among the file's problems.
func (v Value) Decode(into any, check ...string) bool {
	f := field{doc: v.doc}
	f.rules, _ = parseRules("")
	for _, c := range check {
		r, err := parseRules(c)
		if err != nil {
			panic("config: " + err.Error())
		}
		f.rules = r
	}
	target := reflect.ValueOf(into).Elem()
	n := v.node
	if v.Shape() == Nothing {
		if n = (&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}); target.Kind() == reflect.Struct && !isHook(target.Type()) {
			n = mappingNode()
		}
	}
	return v.d.value(n, target, f, v.at)
}

// Items gives the values of a list; what is none is reported.
func (v Value) Items() []Value {
	if v.Shape() != List {
		v.Wrong("a list")
		return nil
	}
	out := make([]Value, len(v.node.Content))
	for i, c := range v.node.Content {
		out[i] = Value{v.d, c, v.d.item(v.at, i, c), ""}
	}
	return out
}

// Entries gives the keys of a section in the file's order; what is none is reported.
func (v Value) Entries() []Entry {
	if v.Shape() != Section {
		v.Wrong("a section")
		return nil
	}
	var out []Entry
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		k := v.node.Content[i]
		out = append(out, Entry{k.Value, Value{v.d, v.node.Content[i+1], v.at.child(k.Value, k), ""}})
	}
	return out
}

// Tagged reads a value that is a word (relu) or a section of one key (linear: {out: 8}):
// the word, and what stands under it (Nothing where nothing does). What is neither is
// reported.
func (v Value) Tagged() (word string, under Value, ok bool) {
	const expected = "a word, or a section of one key"
	switch v.Shape() {
	case Scalar:
		if v.node.ShortTag() != "!!str" {
			v.Wrong(expected)
			return "", v, false
		}
		word, ok = v.d.text(v.node, rules{named: "nonempty"}, v.at)
		return word, Value{v.d, nil, v.at.child(word, nil), ""}, ok
	case Section:
		if entries := v.Entries(); len(entries) == 1 {
			return entries[0].Key, entries[0].Value, true
		}
		found := "an empty section"
		if n := len(v.node.Content) / 2; n > 1 {
			found = "a section of the keys " + v.node.Content[0].Value + " and " + v.node.Content[2].Value
		}
		v.Reject("found " + found + ", expected " + expected)
		return "", v, false
	}
	v.Wrong(expected)
	return "", v, false
}

// Wrong reports `found X, expected …`.
func (v Value) Wrong(expected string) {
	n := v.node
	if n == nil {
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	v.d.wrong(n, v.at, expected, "")
}

// WrongWord reports a word that is none of the choices, with the nearest of them.
func (v Value) WrongWord(word string, choices []string) {
	expected, hint := joinWords(choices, "or"), didYouMean(likely(word, choices))
	if v.Shape() == Scalar {
		if hasReference(v.node.Value) {
			hint = ""
		}
		v.d.wrong(v.node, v.at, expected, hint)
		return
	}
	v.d.wrong(textNode(word), v.at, expected, hint)
}

// Reject reports a sentence of the caller's own.
func (v Value) Reject(sentence string) { v.d.problem(v.node, v.at, sentence) }
