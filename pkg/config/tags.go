package config

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// field is one key of a section, as its tags describe it.
type field struct {
	key      string
	index    []int
	typ      reflect.Type
	def      string
	hasDef   bool
	defaults []choice
	rules    rules
	when     []cond
	only     string
	doc      string
}

// cond holds where the sibling key has one of the values; without values, where the
// sibling is absent.
type cond struct {
	key    string
	values []string
}

// choice is a default that takes the place of the plain one where cond holds.
type choice struct {
	cond
	text string
}

// fieldsOf lists the keys of a section's struct in order; embedded structs are part of
// it. A tag that cannot be read is the programmer's mistake and panics.
func fieldsOf(t reflect.Type) []field {
	fields, err := readFields(t, nil)
	if err != nil {
		panic("config: " + err.Error())
	}
	return fields
}

func readFields(t reflect.Type, index []int) ([]field, error) {
	var out []field
	for i := 0; i < t.NumField(); i++ {
		sf := t.Field(i)
		at := append(append([]int(nil), index...), i)
		key, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct && (key == "" || options == "inline") {
			inner, err := readFields(sf.Type, at)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		if !sf.IsExported() || key == "-" {
			continue
		}
		if key == "" {
			return nil, fmt.Errorf("%s.%s has no yaml tag", t, sf.Name)
		}
		f, err := readField(sf, key)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, sf.Name, err)
		}
		f.index = at
		out = append(out, f)
	}
	return out, nil
}

func readField(sf reflect.StructField, key string) (field, error) {
	f := field{key: key, typ: sf.Type, only: sf.Tag.Get("only"), doc: sf.Tag.Get("doc")}
	f.def, f.hasDef = sf.Tag.Lookup("default")
	var err error
	if f.rules, err = parseRules(sf.Tag.Get("check")); err != nil {
		return f, err
	}
	for _, text := range splitTag(sf.Tag.Get("when"), ";") {
		c, err := parseCond(text)
		if err != nil {
			return f, err
		}
		f.when = append(f.when, c)
	}
	for _, text := range splitTag(sf.Tag.Get("defaults"), ";") {
		condText, value, found := strings.Cut(text, ":")
		c, err := parseCond(condText)
		if err != nil || !found || len(c.values) == 0 {
			return f, fmt.Errorf("defaults %q, expected key=value: default", text)
		}
		f.defaults = append(f.defaults, choice{c, strings.TrimSpace(value)})
	}
	return f, nil
}

func parseCond(text string) (cond, error) {
	key, values, found := strings.Cut(text, "=")
	if !found || key == "" {
		return cond{}, fmt.Errorf("condition %q, expected key=value or key=", text)
	}
	return cond{key: strings.TrimSpace(key), values: splitTag(values, "|")}, nil
}

func splitTag(s, sep string) []string {
	var out []string
	for _, part := range strings.Split(s, sep) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// defaultNode parses a default's text; its nodes have no place in the file.
func defaultNode(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		panic(fmt.Sprintf("config: default %q is not YAML", text))
	}
	clearPlace(doc.Content[0])
	return doc.Content[0]
}

func clearPlace(n *yaml.Node) {
	n.Line, n.Column = 0, 0
	for _, c := range n.Content {
		clearPlace(c)
	}
}

var (
	unmarshalerType = reflect.TypeFor[Unmarshaler]()
	nodeType        = reflect.TypeFor[yaml.Node]()
	modelType       = reflect.TypeFor[Model]()
)

// VerifyTags checks the tags of a section's struct, given by pointer, and of the
// structs in it: that they can be read, that each default passes its own checks, and
// that conditions name earlier keys. For the tests of those who write such a struct.
func VerifyTags(section any) error {
	t := reflect.TypeOf(section)
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("verify tags: found %T, expected a pointer to a struct", section)
	}
	return verify(t.Elem())
}

func verify(t reflect.Type) error {
	fields, err := readFields(t, nil)
	if err != nil {
		return err
	}
	all := map[string]int{}
	for i, f := range fields {
		if _, twice := all[f.key]; twice {
			return fmt.Errorf("%s: key %s stands twice", t, f.key)
		}
		all[f.key] = i
	}
	for i, f := range fields {
		if err := verifyField(f, i, all); err != nil {
			return fmt.Errorf("%s: key %s: %w", t, f.key, err)
		}
	}
	return nil
}

func verifyField(f field, i int, all map[string]int) error {
	conds := f.when
	for _, c := range f.defaults {
		conds = append(conds, c.cond)
	}
	for _, c := range conds {
		j, ok := all[c.key]
		if !ok || len(c.values) > 0 && j >= i {
			return fmt.Errorf("condition on %s, which is no earlier key", c.key)
		}
	}
	texts := []string{}
	if f.hasDef {
		texts = append(texts, f.def)
	}
	for _, c := range f.defaults {
		texts = append(texts, c.text)
	}
	for _, text := range texts {
		if err := verifyDefault(f, text); err != nil {
			return err
		}
	}
	if inner := elem(f.typ); inner.Kind() == reflect.Struct && !isHook(inner) {
		return verify(inner)
	}
	if !decodable(f.typ) {
		return fmt.Errorf("type %s cannot be read from YAML", f.typ)
	}
	return nil
}

// verifyDefault decodes a default as a file's value.
func verifyDefault(f field, text string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	d := newDecoder("default", KindTrain, Options{Env: func(string) (string, bool) { return "value", true }})
	d.value(defaultNode(text), reflect.New(f.typ).Elem(), f, spot{path: f.key})
	return newError(d.problems)
}

// elem takes off pointers and lists.
func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && !isHook(t) {
		t = t.Elem()
	}
	return t
}

// isHook reports whether values of t read their own YAML, or keep it.
func isHook(t reflect.Type) bool {
	return t == nodeType || t == modelType || reflect.PointerTo(t).Implements(unmarshalerType)
}

// decodable reports whether d.value knows what to do with t.
func decodable(t reflect.Type) bool {
	if t.Kind() == reflect.Map && !isHook(t) {
		return t.Key().Kind() == reflect.String && decodable(t.Elem())
	}
	t = elem(t)
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64, reflect.Struct:
		return true
	case reflect.Map:
		return decodable(t)
	}
	return isHook(t)
}
