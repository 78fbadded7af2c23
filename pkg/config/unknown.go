package config

import (
	"reflect"
	"slices"
	"strings"
)

// unknown reports the keys that the section does not have. A key of the section that
// was probably meant is not also reported as missing.
func (s *section) unknown() {
	names := append([]string(nil), s.also...)
	for _, f := range s.fields {
		if f.only == "" || f.only == s.d.kind {
			names = append(names, f.key)
		}
	}
	for _, short := range shortKeys {
		if outer, key := cutPath(short.short); outer == s.at.path && s.d.kind == KindTrain {
			names = append(names, key)
		}
	}
	for i := 0; i+1 < len(s.n.Content); i += 2 {
		k := s.n.Content[i]
		if slices.Contains(s.also, k.Value) || slices.ContainsFunc(s.fields, func(f field) bool { return f.key == k.Value }) {
			continue
		}
		near := s.nearAbsent(k.Value, names)
		if near != "" {
			s.bad[near] = true
		}
		s.d.problem(s.n.Content[i+1], s.at.child(k.Value, k), s.unknownText(k.Value, near, names))
	}
}

// nearAbsent is the nearest key of the section that is not given itself; where that
// fails, the nearest of all.
func (s *section) nearAbsent(word string, names []string) string {
	var open []string
	for _, name := range names {
		if _, v := find(s.n, name); v == nil {
			open = append(open, name)
		}
	}
	return likely(word, open)
}

func (s *section) unknownText(key, near string, names []string) string {
	if s.d.kind == KindInfer {
		var owners []string
		collectOwners(reflect.TypeFor[Train](), "", KindTrain, key, &owners)
		if slices.Contains(owners, s.at.path) {
			return "unknown key; it belongs to the training config, remove it here"
		}
	}
	owner := s.d.belongs(key, s.at.path)
	if ours := otherWords[plainWord(key)]; owner == "" && ours != "" && near == "" {
		key, owner = ours, s.d.belongs(ours, s.at.path)
	}
	switch {
	case near != "" && owner != "":
		return "unknown key; did you mean " + near + "? (" + key + " itself belongs " + owner + ")"
	case near != "":
		return "unknown key; did you mean " + near + "?"
	case owner != "":
		return "unknown key; " + key + " belongs " + owner
	}
	if twice := likely(key, names); twice != "" {
		return "unknown key; " + twice + " is given already"
	}
	return "unknown key; expected " + joinWords(names, "or")
}

// belongs names the other sections that have the key: "to training.optimizer", "at the
// top level"; "" for none.
func (d *decoder) belongs(key, here string) string {
	var root reflect.Type
	if d.kind == KindInfer {
		root = reflect.TypeFor[Infer]()
	} else {
		root = reflect.TypeFor[Train]()
	}
	var owners []string
	collectOwners(root, "", d.kind, key, &owners)
	owners = slices.DeleteFunc(owners, func(o string) bool { return o == here })
	if here == "model" {
		owners = append(owners, d.otherVariants(key)...)
	}
	if len(owners) == 0 {
		return ""
	}
	if slices.Contains(owners, "") {
		return "at the top level"
	}
	return "to " + joinWords(owners, "or")
}

// collectOwners walks the sections of t in order.
func collectOwners(t reflect.Type, path, kind, key string, out *[]string) {
	for _, f := range fieldsOf(t) {
		if f.key == key && (f.only == "" || f.only == kind) {
			*out = append(*out, path)
		}
		inner := f.typ
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && (inner == modelType || !isHook(inner)) {
			collectOwners(inner, join(path, f.key), kind, key, out)
		}
	}
}

// otherVariants names the model variants that have the key.
func (d *decoder) otherVariants(key string) []string {
	var out []string
	if d.models == nil {
		return nil
	}
	for _, typ := range d.models.Types() {
		variants := d.models.Variants(typ)
		for _, variant := range variants {
			params, ok := d.models.Params(typ, variant)
			if !ok || params == nil {
				continue
			}
			has := slices.ContainsFunc(fieldsOf(reflect.TypeOf(params).Elem()), func(f field) bool { return f.key == key })
			if has {
				out = append(out, strings.TrimSpace("model type "+typ+", variant "+variant))
			}
		}
	}
	const most = 3
	if len(out) > most {
		return nil
	}
	return out
}
