package config

import "reflect"

// SchemaProvider is a type with its own UnmarshalConfig that says what it reads, as a
// JSON Schema.
type SchemaProvider interface {
	ConfigSchema(w SchemaWriter) map[string]any
}

// SchemaWriter is what a SchemaProvider makes its schema with.
type SchemaWriter interface {
	// Section is the schema of a struct with this package's tags, given as a pointer.
	Section(v any) map[string]any
	// Define is a reference to a schema that may refer to itself: it is made once, by the
	// first call with its name.
	Define(name string, make func() map[string]any) map[string]any
}

// writer is a schemer at a place of the config.
type writer struct {
	schemer
	path string
}

// Section is as SchemaWriter says.
func (w writer) Section(v any) map[string]any {
	return w.section(elem(reflect.TypeOf(v)), w.path)
}

// Define is as SchemaWriter says.
func (w writer) Define(name string, make func() map[string]any) map[string]any {
	name = definition(w.kind, w.partial) + "_" + name
	if _, known := w.shared[name]; !known {
		w.shared[name] = nil // it is being made
		w.shared[name] = make()
	}
	return object{"$ref": "#/definitions/" + name}
}
