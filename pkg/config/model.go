package config

import (
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// Models tells the config which models there are. Its answers are in a fixed order.
type Models interface {
	// Params gives a pointer to a fresh struct with the variant's own keys, tagged as
	// the package comment says; ok is false where there is no such variant.
	Params(typ, variant string) (params any, ok bool)
	// Types lists the values of model.type.
	Types() []string
	// Variants lists the values of model.variant for a type; empty where it has none.
	Variants(typ string) []string
	// Default is the variant of a config that names none; "" where the type has none.
	Default(typ string) string
}

// ofAnyModel are the keys of the model section that no variant has as its own.
var ofAnyModel = []string{"type", "variant", "seed", "members"}

// model reads the model section, of one model or of several.
func (d *decoder) model(n *yaml.Node, m *Model, at spot) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, at, "a section with type, variant and the variant's own keys", "")
		return
	}
	switch _, list := find(n, "members"); {
	case list == nil:
	case isNull(list):
		remove(n, "members")
	default:
		d.members(n, m, at)
		return
	}
	d.one(n, m, at)
}

// one reads the section of one model: type, variant and seed, then the variant's own
// keys. It reports whether that went without a problem.
func (d *decoder) one(n *yaml.Node, m *Model, at spot) bool {
	before := len(d.problems)
	d.kindOfModel(n, m, at)
	if k, v := find(n, "seed"); v != nil && isNull(v) {
		remove(n, "seed")
	} else if v != nil {
		m.Seed = new(int64)
		Value{d, v, at.child("seed", k), ""}.Decode(m.Seed, "min=0")
	}
	return len(d.problems) == before
}

// kindOfModel reads type, variant and the variant's own keys.
func (d *decoder) kindOfModel(n *yaml.Node, m *Model, at spot) {
	if !d.modelWord(n, "type", at, &m.Type) {
		return
	}
	if !d.modelWord(n, "variant", at, &m.Variant) || d.models == nil {
		return
	}
	kn, vn := find(n, "type")
	if !slices.Contains(d.models.Types(), m.Type) {
		d.wrong(vn, at.child("type", kn), joinWords(d.models.Types(), "or"), d.typeHint(vn, m.Type))
		return
	}
	kn, vn = find(n, "variant")
	if m.Variant == "" {
		if m.Variant = d.models.Default(m.Type); m.Variant != "" {
			put(n, "variant", textNode(m.Variant))
		}
	}
	params, ok := d.models.Params(m.Type, m.Variant)
	if !ok {
		variants := d.models.Variants(m.Type)
		if len(variants) == 0 {
			d.problem(vn, at.child("variant", kn), "found "+describeFound(vn)+", but type "+m.Type+" has no variants; remove it")
			return
		}
		d.wrong(vn, at.child("variant", kn), joinWords(variants, "or")+" (the variants of "+m.Type+")", d.variantHint(vn, m, variants))
		return
	}
	m.Params = params
	if params != nil {
		d.section(n, reflect.ValueOf(params).Elem(), at, ofAnyModel)
	}
}

// modelWord reads type or variant; ok is false where something is wrong with it.
func (d *decoder) modelWord(n *yaml.Node, key string, at spot, into *string) (ok bool) {
	k, v := find(n, key)
	if v != nil && isNull(v) && (key == "variant" || d.overs[v] != "") {
		remove(n, key)
		v = nil
	}
	if v != nil {
		*into, ok = d.text(v, rules{named: "nonempty"}, at.child(key, k))
		return ok
	}
	if key == "variant" {
		return true
	}
	text := "the kind of model"
	if d.models != nil {
		text = joinWords(d.models.Types(), "or") + " (" + text + ")"
	}
	d.problem(nil, at.child(key, nil), "missing, expected "+text)
	return false
}

// typeHint notices a variant that was given as a type.
func (d *decoder) typeHint(n *yaml.Node, typ string) string {
	if hasReference(n.Value) {
		return ""
	}
	for _, t := range d.models.Types() {
		if slices.Contains(d.models.Variants(t), typ) {
			return "write type: " + t + " and variant: " + typ
		}
	}
	return didYouMean(likely(typ, d.models.Types()))
}

// variantHint notices the variant of another type.
func (d *decoder) variantHint(n *yaml.Node, m *Model, variants []string) string {
	if hasReference(n.Value) {
		return ""
	}
	for _, t := range d.models.Types() {
		if slices.Contains(d.models.Variants(t), m.Variant) {
			return m.Variant + " is a variant of type " + t
		}
	}
	return didYouMean(likely(m.Variant, variants))
}
