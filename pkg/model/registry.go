package model

import (
	"fmt"
	"slices"
)

// Registry is the list of variants, those of a type together; the first of a type is its
// default.
type Registry []Variant

// With is the registry with more variants, each behind those of its type.
func (r Registry) With(more ...Variant) Registry {
	all := slices.Clone(r)
	for _, v := range more {
		at := len(all)
		for i, have := range all {
			if have.Type == v.Type {
				at = i + 1
			}
		}
		all = slices.Insert(all, at, v)
	}
	return all
}

// Find answers the variant of the given type and name.
func (r Registry) Find(typ, name string) (Variant, bool) {
	for _, v := range r {
		if v.Type == typ && v.Name == name {
			return v, true
		}
	}
	return Variant{}, false
}

// Params is a pointer to a fresh config struct of a variant.
func (r Registry) Params(typ, name string) (params any, ok bool) {
	v, ok := r.Find(typ, name)
	if !ok {
		return nil, false
	}
	return v.Params(), true
}

// Types lists the model types in order.
func (r Registry) Types() []string {
	var types []string
	for _, v := range r {
		if len(types) == 0 || types[len(types)-1] != v.Type {
			types = append(types, v.Type)
		}
	}
	return types
}

// Variants lists the variants of a type.
func (r Registry) Variants(typ string) []string {
	var names []string
	for _, v := range r {
		if v.Type == typ {
			names = append(names, v.Name)
		}
	}
	return names
}

// Default is the variant that a type means when none is named; empty for an unknown
// type.
func (r Registry) Default(typ string) string {
	if names := r.Variants(typ); len(names) > 0 {
		return names[0]
	}
	return ""
}

// Mistake is a config that does not fit the data: the user's to mend.
type Mistake struct{ Msg string }

func (e *Mistake) Error() string { return e.Msg }

// UserError marks the error as the user's.
func (e *Mistake) UserError() bool { return true }

// Mistakef makes a Mistake.
func Mistakef(format string, args ...any) error { return &Mistake{fmt.Sprintf(format, args...)} }
