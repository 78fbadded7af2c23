package config

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// section is one mapping being read into one struct.
type section struct {
	d      *decoder
	n      *yaml.Node
	v      reflect.Value
	at     spot
	fields []field
	also   []string        // keys of the mapping that are read elsewhere
	bad    map[string]bool // keys with a problem: what depends on them is not judged
}

// section reads the mapping n into the struct v. also lists keys of n that belong to
// somebody else.
func (d *decoder) section(n *yaml.Node, v reflect.Value, at spot, also []string) {
	before := len(d.problems)
	s := &section{d: d, n: n, v: v, at: at, fields: fieldsOf(v.Type()), also: also, bad: map[string]bool{}}
	s.unknown()
	for _, f := range s.fields {
		found := len(d.problems)
		if !s.bad[f.key] {
			s.field(f)
		}
		s.bad[f.key] = s.bad[f.key] || len(d.problems) > found
	}
	if len(d.problems) == before {
		s.validate()
	}
}

// field reads one key, or its default.
func (s *section) field(f field) {
	k, val := find(s.n, f.key)
	if val != nil && isNull(val) && s.d.overs[val] != "" {
		remove(s.n, f.key) // --set key=null takes the key away
		k, val = nil, nil
	}
	if val != nil && f.rules.emptyAbsent && val.Kind == yaml.MappingNode && len(val.Content) == 0 {
		return
	}
	target, at := s.v.FieldByIndex(f.index), s.at.child(f.key, k)
	if f.only != "" && f.only != s.d.kind {
		if val != nil {
			s.d.problem(val, at, "does not belong here: it is the trained run's, or stands at the top level; remove it")
		}
		return
	}
	given := val != nil && !isNull(val)
	applies, known := s.applies(f, at, given)
	switch {
	case given && applies:
		s.d.value(val, target, f, at)
	case !known || !applies:
	case val == nil || s.absentWhenNull(f):
		s.absent(f, target, at)
	default:
		s.d.value(val, target, f, at) // null: a pointer's nil, else a problem
	}
}

// absentWhenNull: `checkpoint:` with nothing under it is an empty section.
func (s *section) absentWhenNull(f field) bool {
	return f.typ.Kind() == reflect.Struct || f.typ.Kind() == reflect.Map
}

// applies reports whether the key goes with its siblings; known is false where a
// sibling's problem leaves that open. A key that is given where it does not go is
// reported, and not read.
func (s *section) applies(f field, at spot, given bool) (applies, known bool) {
	for _, c := range f.when {
		if len(c.values) == 0 {
			k, v := find(s.n, c.key)
			if v == nil || isNull(v) {
				continue
			}
			if given {
				s.d.problem(nil, at, "given together with "+join(s.at.path, c.key)+" ("+s.d.where(k)+"); "+s.keepOne(at, c.key, k))
			}
			return false, true
		}
		if s.bad[c.key] {
			return given, false
		}
		if got := s.sibling(c.key); !slices.Contains(c.values, got) {
			if given {
				k, _ := find(s.n, c.key)
				s.d.problem(nil, at, "does not go with "+c.key+": "+got+", only with "+joinWords(c.values, "or")+"; "+s.takeAway(at, k))
			}
			return false, true
		}
	}
	return true, true
}

// keepOne says how to be rid of one of two keys, where --set brought the other.
func (s *section) keepOne(at spot, key string, other *yaml.Node) string {
	if s.d.overs[at.node] != "" && s.d.overs[other] == "" {
		return "add --set " + join(s.at.path, key) + "=null to take that away"
	}
	if s.d.overs[at.node] == "" && s.d.overs[other] != "" {
		return "add --set " + at.path + "=null to take it away"
	}
	return "keep one of them"
}

// takeAway says how to be rid of a key that does not go with another.
func (s *section) takeAway(at spot, other *yaml.Node) string {
	if other != nil && s.d.overs[other] != "" && s.d.overs[at.node] == "" {
		return "add --set " + at.path + "=null to take it away"
	}
	return "remove it"
}

// sibling is the text value of another key of the section.
func (s *section) sibling(key string) string {
	for _, f := range s.fields {
		if f.key == key {
			return s.v.FieldByIndex(f.index).String()
		}
	}
	return ""
}

// absent gives a key its default, in the struct and in the tree.
func (s *section) absent(f field, target reflect.Value, at spot) {
	text, ok := s.defaultOf(f)
	if ok && hasReference(text) {
		_, _, problem := resolve(text, s.d.env)
		ok = problem == ""
	}
	var n *yaml.Node
	switch {
	case ok:
		n = defaultNode(text)
	case target.Kind() == reflect.Struct && !isHook(target.Type()) || target.Type() == modelType:
		n = mappingNode()
	default:
		if f.rules.required {
			s.d.problem(nil, at, "missing, expected "+missing(f))
		}
		return
	}
	s.d.value(n, target, f, at)
	if ok || len(n.Content) > 0 {
		put(s.n, f.key, n)
	}
}

func missing(f field) string {
	w := wanted(f.typ, f.rules)
	switch {
	case f.doc == "":
		return w
	case f.rules.named != "" || w == "text":
		return f.doc
	}
	return w + " (" + f.doc + ")"
}

func (s *section) defaultOf(f field) (string, bool) {
	for _, c := range f.defaults {
		if slices.Contains(c.values, s.sibling(c.key)) {
			return c.text, true
		}
	}
	return f.def, f.hasDef
}

// validator and kindValidator are what spans keys: items are "key: sentence".
type validator interface{ Validate() []string }
type kindValidator interface{ validateIn(kind string) []string }

func (s *section) validate() {
	var lines []string
	switch v := s.v.Addr().Interface().(type) {
	case validator:
		lines = v.Validate()
	case kindValidator:
		lines = v.validateIn(s.d.kind)
	}
	for _, line := range lines {
		key, text, found := strings.Cut(line, ": ")
		if !found || strings.ContainsAny(key, " \t") {
			s.d.problem(nil, s.at, line)
			continue
		}
		at, n := s.at, s.n
		for _, part := range strings.Split(key, ".") {
			var k *yaml.Node
			if n != nil {
				k, n = find(n, part)
			}
			if _, ok := s.d.of(k); !ok {
				k = nil // a default stands nowhere in the file
			}
			at = at.child(part, k)
		}
		s.d.problem(n, at, text)
	}
}
