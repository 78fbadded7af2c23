package config

import (
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
)

// decoder reads a tree into structs. It adds the defaults to the tree as it goes, so
// that the tree ends as the effective config, and collects every problem.
type decoder struct {
	places
	kind     string
	env      func(string) (string, bool)
	models   Models
	problems []Problem
}

func newDecoder(file, kind string, o Options) *decoder {
	return &decoder{places: placesIn(file), kind: kind, env: o.env(), models: o.Models}
}

// spot is where a value stands: its path, and the node whose place a message gives (its
// key, or the section it is missing from; nil for the whole file).
type spot struct {
	path string
	node *yaml.Node
}

func (at spot) child(key string, node *yaml.Node) spot {
	if node == nil {
		node = at.node
	}
	return spot{join(at.path, key), node}
}

// item is the spot of a list's item; one without a place has its list's.
func (d *decoder) item(at spot, i int, n *yaml.Node) spot {
	path := fmt.Sprintf("%s[%d]", at.path, i)
	if _, ok := d.of(n); !ok {
		return spot{path, at.node}
	}
	return spot{path, n}
}

// problem records a sentence on the value n (nil: on the spot alone).
func (d *decoder) problem(n *yaml.Node, at spot, text string) {
	place, ok := d.of(n)
	if spot, known := d.of(at.node); known && place.set == "" {
		place, ok = spot, true
	}
	if !ok {
		place = position{file: d.file}
	}
	d.problems = append(d.problems, Problem{place.file, place.line, place.column, place.set, at.path, text})
}

// where names a node's place inside another message.
func (d *decoder) where(n *yaml.Node) string {
	at, _ := d.of(n)
	if at.set == "" && len(d.origins) == 0 { // there is but one file
		return fmt.Sprintf("line %d", at.line)
	}
	return at.String()
}

// value reads n into v and reports whether that went without a problem.
func (d *decoder) value(n *yaml.Node, v reflect.Value, f field, at spot) bool {
	before := len(d.problems)
	switch {
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(*n))
	case v.Type() == modelType:
		d.model(n, v.Addr().Interface().(*Model), at)
	case reflect.PointerTo(v.Type()).Implements(unmarshalerType):
		v.Addr().Interface().(Unmarshaler).UnmarshalConfig(Value{d, n, at, f.doc})
	default:
		d.plain(n, v, f, at)
	}
	return len(d.problems) == before
}

// plain reads n into a value of a built-in kind.
func (d *decoder) plain(n *yaml.Node, v reflect.Value, f field, at spot) {
	switch v.Kind() {
	case reflect.Pointer:
		if !isNull(n) {
			inner := reflect.New(v.Type().Elem())
			if d.value(n, inner.Elem(), f, at) {
				v.Set(inner)
			}
		}
	case reflect.Struct:
		if n.Kind != yaml.MappingNode {
			d.wrong(n, at, wanted(v.Type(), f.rules), "")
			return
		}
		d.section(n, v, at, nil)
	case reflect.Slice, reflect.Array:
		d.list(n, v, f, at)
	case reflect.Map:
		d.table(n, v, f, at)
	case reflect.String:
		if s, ok := d.text(n, f.rules, at); ok {
			v.SetString(s)
		}
	case reflect.Bool:
		if b, ok := d.truth(n, at); ok {
			v.SetBool(b)
		}
	case reflect.Float32, reflect.Float64:
		if x, _, ok := d.number(n, f.rules, at, false); ok {
			v.SetFloat(x)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		if _, i, ok := d.number(n, f.rules, at, true); ok {
			if v.OverflowInt(i) {
				d.wrong(n, at, "a smaller number", "")
				return
			}
			v.SetInt(i)
		}
	default:
		panic(fmt.Sprintf("config: %s: type %s cannot be read from YAML", at.path, v.Type()))
	}
}

// list reads a slice or an array; the checks of the key hold for each item.
func (d *decoder) list(n *yaml.Node, v reflect.Value, f field, at spot) {
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode && !isNull(n) && !hasReference(n.Value) && v.Kind() == reflect.Slice {
			hint = "write [" + shorten(n.Value, 40) + "]"
		}
		d.wrong(n, at, wanted(v.Type(), f.rules), hint)
		return
	}
	if v.Kind() == reflect.Array && len(n.Content) != v.Len() || len(n.Content) < f.rules.minLen {
		found := fmt.Sprintf("a list of %d", len(n.Content))
		if len(n.Content) == 0 {
			found = "an empty list"
		}
		d.problem(n, at, "found "+found+", expected "+wanted(v.Type(), f.rules))
		return
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	}
	seen := map[string]bool{}
	item := field{rules: f.rules, doc: f.doc}
	item.rules.minLen, item.rules.unique = 0, false
	for i, c := range n.Content {
		here := d.item(at, i, c)
		ok := d.value(c, v.Index(i), item, here)
		if ok && f.rules.unique && seen[c.Value] {
			d.problem(c, here, "found "+describeFound(c)+" a second time, expected it once")
		}
		seen[c.Value] = true
	}
}

// table reads a map of texts, numbers or sections.
func (d *decoder) table(n *yaml.Node, v reflect.Value, f field, at spot) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, at, wanted(v.Type(), f.rules), "")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if isNull(n.Content[i+1]) && d.overs[n.Content[i+1]] != "" {
			remove(n, key.Value) // --set key=null takes the key away
			i -= 2
			continue
		}
		x := reflect.New(v.Type().Elem()).Elem()
		if d.value(n.Content[i+1], x, field{rules: f.rules, doc: f.doc}, at.child(key.Value, key)) {
			v.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), x)
		}
	}
}

// wanted is what a value of that type and those rules may be, for a message.
func wanted(t reflect.Type, r rules) string {
	switch t.Kind() {
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Struct {
			return wanted(t.Elem(), r) + ", or null"
		}
		return wanted(t.Elem(), r)
	case reflect.Struct:
		var keys []string
		for _, f := range fieldsOf(t) {
			keys = append(keys, f.key)
		}
		return "a section with " + joinWords(keys, "and")
	case reflect.Array:
		return fmt.Sprintf("a list of %d %s", t.Len(), wantedMany(t.Elem(), r))
	case reflect.Slice:
		least := ""
		if r.minLen > 1 {
			least = fmt.Sprintf("at least %d ", r.minLen)
		}
		return "a list of " + least + wantedMany(t.Elem(), r)
	case reflect.Map:
		return "a section of " + wantedMany(t.Elem(), r)
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number" + r.rangeText()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number" + r.rangeText()
	}
	return r.textWanted()
}

// wantedMany is wanted for the items of a list.
func wantedMany(t reflect.Type, r rules) string {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		return "numbers" + r.rangeText()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "whole numbers" + r.rangeText()
	case reflect.Struct, reflect.Interface:
		return "items"
	}
	if t.Kind() == reflect.String && len(r.oneOf) == 0 && r.named == "" {
		return "texts"
	}
	return wanted(t, r)
}
