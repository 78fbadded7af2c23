package config

import (
	"reflect"
	"strings"
)

// Key describes one key of a config, from the tags of its field.
type Key struct {
	Path    string // "training.optimizer.lr"
	Default string // YAML text; other defaults follow in brackets; empty where there is none
	Check   string // the check tag: "required,min=1"
	When    string // the when tag: "source=npy|idx"
	Doc     string
}

// Reference lists the keys of a section and of the sections in it, in order. section
// is a struct or a pointer to one, such as Train{} or a model's parameters; prefix is
// put before each path.
func Reference(section any, prefix string) []Key {
	return reference(elem(reflect.TypeOf(section)), prefix)
}

func reference(t reflect.Type, prefix string) []Key {
	var keys []Key
	for _, f := range fieldsOf(t) {
		path := prefix + f.key
		inner := elem(f.typ)
		if inner.Kind() == reflect.Struct && f.typ.Kind() != reflect.Slice && !isHook(f.typ) {
			keys = append(keys, reference(inner, path+".")...)
			continue
		}
		keys = append(keys, Key{Path: path, Default: f.defaultText(), Check: f.tag("check", t), When: f.tag("when", t), Doc: f.doc})
	}
	return keys
}

func (f field) defaultText() string {
	text := f.def
	for _, d := range f.defaults {
		text += " (" + d.key + " " + strings.Join(d.values, ", ") + ": " + d.text + ")"
	}
	return text
}

func (f field) tag(name string, t reflect.Type) string { return t.FieldByIndex(f.index).Tag.Get(name) }
