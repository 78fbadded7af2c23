package config

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Schema is the JSON Schema (draft 7) of both kinds of config, from the tags of their
// structs and of the models' parameters: what an editor can check while one types. It
// takes everything that LoadTrain and LoadInfer take, and refuses what they refuse but
// for rules that span keys, such as a sum, and what only the data can tell. A file that
// extends another may lack what is required.
func Schema(models Models) ([]byte, error) {
	kinds := object{}
	s := schemer{models: models, shared: kinds}
	for _, partial := range []bool{false, true} {
		s.partial = partial
		for name, section := range map[string]any{KindTrain: Train{}, KindInfer: Infer{}} {
			s.kind = name
			kinds[definition(name, partial)] = s.top(reflect.TypeOf(section))
		}
	}
	isTrain := object{"anyOf": []any{object{"required": []string{"model"}}, object{"required": []string{"training"}}}}
	choose := func(partial bool) object {
		to := func(kind string) object { return object{"$ref": "#/definitions/" + definition(kind, partial)} }
		return object{"if": isTrain, "then": to(KindTrain), "else": to(KindInfer)}
	}
	// Without model: and training: a file that extends another may be of either kind.
	part := choose(true)
	part["else"] = object{"anyOf": []any{object{"$ref": "#/definitions/" + definition(KindTrain, true)}, object{"$ref": "#/definitions/" + definition(KindInfer, true)}}}
	root := object{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"title":       "config of trainer",
		"description": "a training config has model: or training:, one for extract-embeddings or predict has neither",
		"type":        "object",
		"if":          object{"required": []string{extendsKey}},
		"then":        part,
		"else":        choose(false),
		"definitions": kinds,
	}
	return json.MarshalIndent(root, "", " ")
}

type object = map[string]any

func definition(kind string, partial bool) string {
	if partial {
		return kind + "_part"
	}
	return kind
}

// schemer writes the schema of one kind of config; partial is one that extends another.
type schemer struct {
	models  Models
	kind    string
	partial bool
	shared  object // the definitions of the whole schema
}

// top is the schema of a whole file.
func (s schemer) top(t reflect.Type) object {
	o := s.section(t, "")
	o["properties"].(object)[extendsKey] = object{"type": "string", "minLength": 1, "description": "the config that this one builds on, relative to this file"}
	return o
}

// section is the schema of a struct; path is that of the section, for short forms.
func (s schemer) section(t reflect.Type, path string) object {
	properties := object{}
	var required []string
	var conditions []any
	for _, f := range fieldsOf(t) {
		if f.only != "" && f.only != s.kind {
			continue
		}
		properties[f.key] = s.field(f, join(path, f.key))
		if !s.partial && s.mustHave(f) {
			if len(f.when) == 0 {
				required = append(required, f.key)
			} else {
				conditions = append(conditions, object{"if": s.applies(t, f), "then": object{"required": []string{f.key}}})
			}
		}
		if len(f.when) > 0 {
			conditions = append(conditions, object{"if": s.excludes(t, f), "then": object{"properties": object{f.key: s.nothing()}}})
		}
	}
	if s.kind == KindTrain {
		for _, short := range shortKeys {
			if outer, key := cutPath(short.short); outer == path {
				properties[key] = object{"anyOf": numeric(object{}), "description": "short for " + short.long}
			}
		}
	}
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	if len(conditions) > 0 {
		o["allOf"] = conditions
	}
	return o
}

// nothing is a key that does not go with its siblings: absent, or taken away.
func (s schemer) nothing() any {
	return object{"type": "null"}
}

// mustHave says whether a config without the key is refused: it has no default, and
// neither have all the keys in it.
func (s schemer) mustHave(f field) bool {
	if f.hasDef {
		return false
	}
	if f.rules.required || f.typ == modelType {
		return true
	}
	if f.typ.Kind() != reflect.Struct || isHook(f.typ) {
		return false
	}
	return slices.ContainsFunc(fieldsOf(f.typ), func(inner field) bool {
		return (inner.only == "" || inner.only == s.kind) && len(inner.when) == 0 && s.mustHave(inner)
	})
}

// applies is true of a section where all conditions of the field hold.
func (s schemer) applies(t reflect.Type, f field) object {
	var all []any
	for _, c := range f.when {
		all = append(all, object{"not": s.fails(t, c)})
	}
	return object{"allOf": all}
}

// excludes is true of a section where one of them certainly does not.
func (s schemer) excludes(t reflect.Type, f field) object {
	var some []any
	for _, c := range f.when {
		some = append(some, s.fails(t, c))
	}
	return object{"anyOf": some}
}

// fails is true of a section where the condition does not hold.
func (s schemer) fails(t reflect.Type, c cond) object {
	given := object{"required": []string{c.key}, "properties": object{c.key: object{"not": object{"type": "null"}}}}
	if len(c.values) == 0 {
		return given
	}
	other := object{"required": []string{c.key}, "properties": object{c.key: object{"type": "string", "not": object{"anyOf": []any{object{"enum": c.values}, fromEnvironment}}}}}
	for _, f := range fieldsOf(t) {
		if f.key == c.key && !s.partial && f.hasDef && !slices.Contains(c.values, f.def) {
			return object{"anyOf": []any{other, object{"not": object{"required": []string{c.key}}}}}
		}
	}
	return other
}

// fromEnvironment is a text that an environment variable completes.
var fromEnvironment = object{"type": "string", "pattern": `\$\{`}

// field is the schema of a key's value.
func (s schemer) field(f field, path string) object {
	o := s.value(f.typ, f, path)
	var also []any
	if f.typ.Kind() == reflect.Pointer || s.partial || f.typ.Kind() == reflect.Struct || f.typ.Kind() == reflect.Map {
		also = append(also, object{"type": "null"})
	}
	if f.rules.emptyAbsent {
		also = append(also, object{"type": "object", "maxProperties": 0})
	}
	for _, short := range shortValues {
		if short.section == path && s.kind == KindTrain {
			inner := fieldsOf(elem(f.typ))
			i := slices.IndexFunc(inner, func(g field) bool { return g.key == short.key })
			also = append(also, s.value(inner[i].typ, inner[i], path))
		}
	}
	if len(also) > 0 {
		o = object{"anyOf": append([]any{o}, also...)}
	}
	if f.doc != "" {
		o["description"] = f.doc
	}
	var def any
	if f.hasDef && !strings.Contains(f.def, "${") && yaml.Unmarshal([]byte(f.def), &def) == nil {
		o["default"] = def
	}
	return o
}

// value is the schema of a type under the rules of a key.
func (s schemer) value(t reflect.Type, f field, path string) object {
	if t == modelType {
		return s.model()
	}
	if p, ok := reflect.New(t).Interface().(SchemaProvider); ok {
		return p.ConfigSchema(writer{s, path})
	}
	if t == nodeType || reflect.PointerTo(t).Implements(unmarshalerType) {
		return object{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.value(t.Elem(), f, path)
	case reflect.Struct:
		return s.section(t, path)
	case reflect.Slice, reflect.Array:
		return s.list(t, f, path)
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.value(t.Elem(), f, path)}
	case reflect.Bool:
		return object{"anyOf": []any{object{"type": "boolean"}, fromEnvironment}}
	case reflect.Float32, reflect.Float64:
		return object{"anyOf": numeric(f.rules.bounds("number"))}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return object{"anyOf": numeric(f.rules.bounds("integer"))}
	}
	return f.rules.textSchema()
}

// numeric is a number of that schema, or a text that gives one.
func numeric(number object) []any {
	if _, ok := number["type"]; !ok {
		number["type"] = "number"
	}
	return []any{number, fromEnvironment}
}

func (s schemer) list(t reflect.Type, f field, path string) object {
	item := f
	item.rules.minLen, item.rules.unique = 0, false
	o := object{"type": "array", "items": s.value(t.Elem(), item, path)}
	if t.Kind() == reflect.Array {
		o["minItems"], o["maxItems"] = t.Len(), t.Len()
	}
	if f.rules.minLen > 0 {
		o["minItems"] = f.rules.minLen
	}
	if f.rules.unique {
		o["uniqueItems"] = true
	}
	return o
}

// bounds are the limits of a number.
func (r rules) bounds(typ string) object {
	o := object{"type": typ}
	for key, x := range map[string]float64{"minimum": r.min, "maximum": r.max, "exclusiveMinimum": r.above, "exclusiveMaximum": r.less} {
		if !math.IsInf(x, 0) {
			o[key] = x
		}
	}
	return o
}

// patterns are the named checks that a regular expression says.
var patterns = map[string]string{
	"folder": folderText.String(), "device": deviceText.String(), "monitor": monitorText.String(), "path": `\S`, "nonempty": `\S`, "checkpoint": `\S`,
}

// textSchema is a text under the rules.
func (r rules) textSchema() object {
	if len(r.oneOf) > 0 {
		words := []any{}
		for _, w := range r.oneOf {
			words = append(words, w)
			if w == "true" || w == "false" { // in YAML a word of its own
				words = append(words, w == "true")
			}
		}
		return object{"anyOf": []any{object{"enum": words}, fromEnvironment}}
	}
	o := object{"type": "string"}
	if r.named == "every" {
		return object{"anyOf": []any{o, object{"type": "integer", "minimum": 1}}}
	}
	if p, ok := patterns[r.named]; ok {
		o["pattern"] = p
		if r.named == "path" {
			o["not"] = object{"pattern": `^~(/|$)`} // which is not expanded
		}
		return object{"anyOf": []any{o, fromEnvironment}}
	}
	return o
}

// model is the schema of the model section: the keys that go with type and variant.
func (s schemer) model() object {
	if s.models == nil {
		return object{"type": "object"}
	}
	var variants, cases []any
	for _, typ := range s.models.Types() {
		for _, variant := range s.models.Variants(typ) {
			variants = append(variants, variant)
			params, ok := s.models.Params(typ, variant)
			if !ok {
				continue
			}
			cases = append(cases, object{"if": s.isVariant(typ, variant), "then": s.variant(params)})
		}
	}
	for _, typ := range s.models.Types() { // no variant of another type
		cases = append(cases, object{"if": object{"required": []string{"type"}, "properties": object{"type": object{"const": typ}}},
			"then": object{"properties": object{"variant": object{"anyOf": []any{object{"enum": append([]any{nil}, words(s.models.Variants(typ))...)}, fromEnvironment}}}}})
	}
	o := object{"type": "object", "properties": object{"type": s.word("the kind of model", s.models.Types()), "variant": object{}}, "allOf": cases}
	o["properties"].(object)["variant"] = object{"anyOf": []any{object{"enum": append(variants, nil)}, fromEnvironment}, "description": "the variant of that kind"}
	if !s.partial {
		o["required"] = []string{"type"}
	}
	return o
}

func (s schemer) word(doc string, words []string) object {
	return object{"anyOf": []any{object{"enum": words}, fromEnvironment}, "description": doc}
}

// isVariant is true of a section of that type and variant, named or by default.
func (s schemer) isVariant(typ, variant string) object {
	named := object{"required": []string{"type", "variant"}, "properties": object{"type": object{"const": typ}, "variant": object{"const": variant}}}
	if s.partial || s.models.Default(typ) != variant {
		return named
	}
	silent := object{"required": []string{"type"}, "properties": object{"type": object{"const": typ}, "variant": object{"type": "null"}}}
	return object{"anyOf": []any{named, silent}}
}

// variant is the section for one variant: of one model, or of several, which may give what
// the section lacks.
func (s schemer) variant(params any) object {
	several := s
	several.partial = true
	members := several.oneModel(params)
	members["properties"].(object)["members"] = object{"type": "array", "minItems": 1, "items": object{"type": "object", "minProperties": 1},
		"description": "several models for one pass over the data: what differs from this section, and a name"}
	one := s.oneModel(params)
	one["properties"].(object)["members"] = s.nothing()
	return object{"if": object{"required": []string{"members"}, "properties": object{"members": object{"type": "array"}}}, "then": members, "else": one}
}

// oneModel is the whole section of one model.
func (s schemer) oneModel(params any) object {
	o := object{"type": "object", "properties": object{}, "additionalProperties": false}
	if params != nil {
		o = s.section(elem(reflect.TypeOf(params)), "model")
	}
	properties := o["properties"].(object)
	properties["type"], properties["variant"] = object{}, object{}
	properties["seed"] = object{"anyOf": append(numeric(object{}), object{"type": "null"}), "description": "the seed of the initial weights and the noise; experiment.seed by default"}
	return o
}

func words(list []string) []any {
	out := make([]any, len(list))
	for i, w := range list {
		out[i] = w
	}
	return out
}
