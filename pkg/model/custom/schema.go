package custom

import "github.com/gotrainer/trainer/pkg/config"

// ConfigSchema is the words of layers that need no arguments, and a section of one key
// for each with what may stand under it: the layer's own keys, or its short form.
func (l *Layer) ConfigSchema(w config.SchemaWriter) map[string]any {
	return w.Define("layer", func() map[string]any {
		layer := w.Define("layer", nil)
		var words []string
		sections := map[string]any{}
		for _, k := range kinds() {
			under, bare := k.schema(w, layer)
			sections[k.name] = under
			if bare {
				words = append(words, k.name)
			}
		}
		return map[string]any{"anyOf": []any{
			map[string]any{"enum": words},
			map[string]any{"type": "object", "properties": sections, "additionalProperties": false, "minProperties": 1, "maxProperties": 1},
		}}
	})
}

// schema is what may stand under the layer's name; bare says that nothing may.
func (k kind) schema(w config.SchemaWriter, layer map[string]any) (under map[string]any, bare bool) {
	nothing := map[string]any{"type": "null"}
	s := k.fresh()
	if !takesArguments(s) {
		return nothing, true
	}
	section := w.Section(s)
	forms := []any{section}
	if k.short != nil {
		forms = append(forms, k.short(layer))
	}
	_, needs := section["required"]
	if !needs {
		forms = append(forms, nothing)
	}
	return map[string]any{"anyOf": forms}, !needs
}

// fromEnvironment is a text that an environment variable completes.
var fromEnvironment = map[string]any{"type": "string", "pattern": `\$\{`}

func sizeSchema(map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 1}, fromEnvironment}}
}

func sizesSchema(map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{sizeSchema(nil), map[string]any{"type": "array", "minItems": 1, "items": sizeSchema(nil)}}}
}

func shareSchema(map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{map[string]any{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, fromEnvironment}}
}

func listSchema(layer map[string]any) map[string]any {
	return map[string]any{"type": "array", "minItems": 1, "items": layer}
}
