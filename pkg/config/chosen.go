package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Choice is a key whose value is not the default that it would have in this config.
type Choice struct {
	Key     string
	Value   any // as in Document.Map
	Default any // nil where the key has none
}

// Choices lists the keys of a training config that were chosen, sorted: taking one of
// them away would change the effective config, or make it impossible. References such as
// ${VAR} are not resolved. The error is that of ParseTrain.
func Choices(name string, text []byte, o Options) ([]Choice, error) {
	o.Env = func(string) (string, bool) { return "", false }
	_, doc, err := ParseTrain(name, text, o)
	if err != nil {
		return nil, err
	}
	var out []Choice
	for _, leaf := range leaves(nil, "", doc.Map()) {
		leaf.Default = defaultIn(name, doc, leaf.Key, o)
		if fmt.Sprint(leaf.Default) != fmt.Sprint(leaf.Value) {
			out = append(out, leaf)
		}
	}
	return out, nil
}

// defaultIn is the value of a key in the config without it, or without its section where
// it cannot be missing alone; nil where there is none.
func defaultIn(name string, doc *Document, key string, o Options) any {
	for section := key; strings.Contains(section, "."); section, _ = cutPath(section) {
		o.Set = []string{section + "=null"}
		if _, without, err := ParseTrain(name, doc.Effective(), o); err == nil {
			v, _ := at(without.Map(), key)
			return v
		}
	}
	return nil
}

// leaves flattens a config into its keys, sorted; a list is one value.
func leaves(out []Choice, prefix string, m map[string]any) []Choice {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if inner, ok := m[key].(map[string]any); ok {
			out = leaves(out, prefix+key+".", inner)
			continue
		}
		out = append(out, Choice{Key: prefix + key, Value: m[key]})
	}
	return out
}

// at follows a dotted key.
func at(m map[string]any, path string) (v any, ok bool) {
	v = m
	for _, key := range splitTag(path, ".") {
		inner, isMap := v.(map[string]any)
		if v, ok = inner[key]; !isMap || !ok {
			return nil, false
		}
	}
	return v, true
}
