package checkpoint

import (
	"fmt"
)

// modelKeys are where training programs keep the model's state dict, in the order in
// which they are tried: trainer's own and most scripts', Lightning's, others.
var modelKeys = []string{keyModel, "state_dict", "model", "model_state", "net", "module"}

// StateDict finds the model's state dict in the root of a file: under one of the keys
// that training programs use, or the root itself where all of it is tensors under
// names (key is then empty).
func StateDict(root any) (d *Dict, key string, ok bool) {
	file, isDict := root.(*Dict)
	if !isDict {
		return nil, "", false
	}
	if namedTensors(file) {
		return file, "", true
	}
	for _, key := range modelKeys {
		v, _ := file.Get(key)
		if d, isDict := v.(*Dict); isDict && namedTensors(d) {
			return d, key, true
		}
	}
	return nil, "", false
}

func namedTensors(d *Dict) bool {
	for key := range d.All() {
		if _, ok := key.(string); !ok {
			return false
		}
	}
	return isStateDict(d)
}

// IsLightning tells a checkpoint of PyTorch Lightning from others.
func IsLightning(root any) bool {
	d, _ := root.(*Dict)
	_, version := d.Get("pytorch-lightning_version")
	_, loops := d.Get("loops")
	_, state := d.Get("state_dict")
	return state && (version || loops)
}

// NamedTensor is a tensor with its place in a value: keys and indexes joined by dots.
type NamedTensor struct {
	Name   string
	Tensor *Tensor
}

// Tensors lists the tensors in v in order, those that are shared at each place, below
// the name prefix.
func Tensors(prefix string, v any) []NamedTensor {
	var out []NamedTensor
	walk(prefix, v, &out)
	return out
}

func walk(name string, v any, out *[]NamedTensor) {
	switch v := v.(type) {
	case *Tensor:
		*out = append(*out, NamedTensor{name, v})
	case *Dict:
		for key, item := range v.All() {
			walk(below(name, key), item, out)
		}
	case []any:
		walkList(name, v, out)
	case Tuple:
		walkList(name, v, out)
	case Set:
		walkList(name, v, out)
	}
}

func walkList(name string, items []any, out *[]NamedTensor) {
	for i, item := range items {
		walk(below(name, i), item, out)
	}
}

func below(name string, key any) string {
	if name == "" {
		return fmt.Sprint(key)
	}
	return fmt.Sprintf("%s.%v", name, key)
}

// NotFinite counts the elements that are NaN and those that are an infinity. Integers
// have none.
func (t *Tensor) NotFinite() (nan, inf int64) {
	// An IEEE number is NaN or infinite where all bits of its exponent are set.
	switch t.DType {
	case Float32:
		for b := t.Data; len(b) >= 4; b = b[4:] {
			count(uint64(le.Uint32(b)), 0x7f800000, 0x7fffff, &nan, &inf)
		}
	case Float64:
		for b := t.Data; len(b) >= 8; b = b[8:] {
			count(le.Uint64(b), 0x7ff<<52, 1<<52-1, &nan, &inf)
		}
	case Float16:
		for b := t.Data; len(b) >= 2; b = b[2:] {
			count(uint64(le.Uint16(b)), 0x7c00, 0x3ff, &nan, &inf)
		}
	case BFloat16:
		for b := t.Data; len(b) >= 2; b = b[2:] {
			count(uint64(le.Uint16(b)), 0x7f80, 0x7f, &nan, &inf)
		}
	}
	return nan, inf
}

func count(bits, exponent, fraction uint64, nan, inf *int64) {
	switch {
	case bits&exponent != exponent:
	case bits&fraction != 0:
		*nan++
	default:
		*inf++
	}
}

// NotFinite says in a few words which of the tensors hold NaN or infinities, by name;
// it is empty where all numbers are finite.
func NotFinite(tensors []NamedTensor) []string {
	var out []string
	for _, t := range tensors {
		nan, inf := t.Tensor.NotFinite()
		switch {
		case nan > 0 && inf > 0:
			out = append(out, fmt.Sprintf("%s (%d NaN, %d infinite of %d)", t.Name, nan, inf, t.Tensor.NumElements()))
		case nan > 0:
			out = append(out, fmt.Sprintf("%s (%d NaN of %d)", t.Name, nan, t.Tensor.NumElements()))
		case inf > 0:
			out = append(out, fmt.Sprintf("%s (%d infinite of %d)", t.Name, inf, t.Tensor.NumElements()))
		}
	}
	return out
}

// NotFinite is NotFinite of the model's weights.
func (f *File) NotFinite() []string { return NotFinite(Tensors("", f.Model)) }
