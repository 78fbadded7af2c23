package nn

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Role says what a tensor of a module is for.
type Role int

// The roles of Walk.
const (
	Trained Role = iota // a parameter
	Buffer              // in the state dict, not trained; a forward pass may move it
	Frozen              // in the state dict, a parameter that nothing moves
	State               // training state, kept beside the state dict
)

// Param is one named tensor of a module.
type Param struct {
	Name   string
	Tensor *torch.Tensor
	Role   Role
}

// Lister is a module whose tensors are in no fields of it: what is in them is known from a
// file alone.
type Lister interface {
	// List names the tensors in torch.nn's order.
	List() []Param
}

// Walk lists the tensors of a module in torch.nn's order: of each module first its
// own parameters, then its buffers, then its sub-modules, each in field order; the fields
// of an embedded struct with an empty tag are the module's own. A nil tensor (no bias) is
// left out. A tensor field without a tag is a programming error and panics.
func Walk(module any) []Param { return walk(reflect.ValueOf(module), "") }

// Params lists the trained parameters.
func Params(module any) []Param { return only(Walk(module), Trained) }

// StateDict lists parameters and buffers: what PyTorch's state_dict() holds.
func StateDict(module any) []Param { return only(Walk(module), Trained, Buffer, Frozen) }

// Buffers lists the tensors of the state dict that are no parameters.
func Buffers(module any) []Param { return only(Walk(module), Buffer) }

// States lists the training state that is not in the state dict.
func States(module any) []Param { return only(Walk(module), State) }

// Tensors drops the names.
func Tensors(params []Param) []*torch.Tensor {
	ts := make([]*torch.Tensor, len(params))
	for i, p := range params {
		ts[i] = p.Tensor
	}
	return ts
}

func only(params []Param, roles ...Role) []Param {
	var out []Param
	for _, p := range params {
		for _, r := range roles {
			if p.Role == r {
				out = append(out, p)
			}
		}
	}
	return out
}

var tensorType = reflect.TypeFor[*torch.Tensor]()

func walk(v reflect.Value, prefix string) []Param {
	if l, ok := lister(v); ok {
		var params []Param
		for _, p := range l.List() {
			params = append(params, Param{prefix + p.Name, p.Tensor, p.Role})
		}
		return params
	}
	v = target(v)
	switch v.Kind() {
	case reflect.Slice:
		var params []Param
		for i := range v.Len() {
			params = append(params, walk(v.Index(i), fmt.Sprintf("%s%d.", prefix, i))...)
		}
		return params
	case reflect.Struct:
		own, modules := fields(v, prefix)
		return append(sortByRole(own), modules...)
	}
	return nil
}

func lister(v reflect.Value) (Lister, bool) {
	if !v.IsValid() || !v.CanInterface() {
		return nil, false
	}
	l, ok := v.Interface().(Lister)
	return l, ok && !(v.Kind() == reflect.Pointer && v.IsNil())
}

// target is what pointers and interfaces lead to; invalid where one is nil.
func target(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// fields are a struct's own tensors and those of its sub-modules. An embedded struct
// without a name is part of the module, not one below it.
func fields(v reflect.Value, prefix string) (own, modules []Param) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		tag, tagged := field.Tag.Lookup("torch")
		if field.Type == tensorType {
			if !tagged {
				panic(fmt.Sprintf("nn: %s.%s is a tensor without a `torch` tag", v.Type(), field.Name))
			}
			if t := v.Field(i).Interface().(*torch.Tensor); t != nil {
				name, role := parseTag(tag)
				own = append(own, Param{prefix + name, t, role})
			}
			continue
		}
		if !tagged {
			continue
		}
		name, _ := parseTag(tag)
		if inner := target(v.Field(i)); field.Anonymous && name == "" && inner.Kind() == reflect.Struct {
			more, below := fields(inner, prefix)
			own, modules = append(own, more...), append(modules, below...)
			continue
		}
		inner := prefix
		if name != "" {
			inner += name + "."
		}
		modules = append(modules, walk(v.Field(i), inner)...)
	}
	return own, modules
}

func sortByRole(own []Param) []Param {
	return append(append(only(own, Trained), only(own, Buffer)...), only(own, State)...)
}

func parseTag(tag string) (string, Role) {
	name, kind, _ := strings.Cut(tag, ",")
	switch kind {
	case "buffer":
		return name, Buffer
	case "state":
		return name, State
	}
	return name, Trained
}
