package config

import (
	"fmt"
	"slices"
	"strings"
)

// Array is a named part of the samples: a word, or a section of one key with the columns
// of a table.
type Array struct {
	Name    string
	Columns []string
}

// UnmarshalConfig reads `image` or `place: [x, y]`.
func (a *Array) UnmarshalConfig(v Value) {
	word, under, ok := v.Tagged()
	if !ok {
		return
	}
	a.Name = word
	if under.Shape() != Nothing {
		under.Decode(&a.Columns, "minlen=1")
	}
}

// ConfigSchema is a word, or a section of one key.
func (a *Array) ConfigSchema(SchemaWriter) map[string]any {
	names := map[string]any{"type": "array", "minItems": 1, "items": nameSchema}
	return map[string]any{"anyOf": []any{
		nameSchema,
		map[string]any{"type": "object", "additionalProperties": names, "minProperties": 1, "maxProperties": 1},
	}}
}

// Names is one name or a list of them.
type Names []string

// UnmarshalConfig reads either form.
func (n *Names) UnmarshalConfig(v Value) {
	if v.Shape() == Scalar {
		var one string
		if v.Decode(&one, "nonempty") {
			*n = Names{one}
		}
		return
	}
	v.Decode((*[]string)(n), "minlen=1,unique")
}

// ConfigSchema is either form.
func (n *Names) ConfigSchema(SchemaWriter) map[string]any {
	return map[string]any{"anyOf": []any{nameSchema, map[string]any{"type": "array", "minItems": 1, "items": nameSchema}}}
}

var nameSchema = map[string]any{"type": "string", "minLength": 1}

// checkArrays holds that data.raw and data.arrays go together; the rest is for those who
// read the files.
func (d *Data) checkArrays() []string {
	var names []string
	for _, a := range d.Arrays {
		names = append(names, a.Name)
	}
	var out []string
	for _, raw := range d.Raw {
		switch {
		case len(names) == 0:
			out = append(out, fmt.Sprintf("raw: found %s, but there are no data.arrays that it could be one of; name the parts of a sample there", raw))
		case !slices.Contains(names, raw):
			out = append(out, fmt.Sprintf("raw: found %s, expected one of data.arrays, %s", raw, strings.Join(names, ", ")))
		}
	}
	return out
}
