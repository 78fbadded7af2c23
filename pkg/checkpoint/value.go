package checkpoint

import (
	"fmt"
	"iter"
	"math/big"
	"slices"
)

// Tuple is a Python tuple.
type Tuple []any

// Set is a Python set or frozenset, in the order of the file.
type Set []any

// Bytes is a Python bytes or bytearray.
type Bytes []byte

// Dict is a Python dict: it keeps the order in which its keys were first set.
// Keys are string or int64.
type Dict struct {
	// Ordered makes it a collections.OrderedDict in the file, as torch's state dicts are.
	Ordered bool

	keys  []any
	vals  []any
	index map[any]int
}

// NewDict makes a Dict of alternating keys and values. It panics on an odd number
// of arguments or a key that is neither string nor integer: both are mistakes of
// the caller's source.
func NewDict(pairs ...any) *Dict {
	if len(pairs)%2 != 0 {
		panic("checkpoint: NewDict: odd number of arguments")
	}
	d := &Dict{}
	for i := 0; i < len(pairs); i += 2 {
		d.Set(pairs[i], pairs[i+1])
	}
	return d
}

// Set gives key the value FromGo(value). A known key keeps its place in the order.
// It panics on a key that is neither string nor integer.
func (d *Dict) Set(key, value any) {
	k, ok := dictKey(key)
	if !ok {
		panic(fmt.Sprintf("checkpoint: Dict.Set: key of type %T, expected string or int", key))
	}
	d.set(k, FromGo(value))
}

func (d *Dict) set(key, value any) {
	if i, ok := d.index[key]; ok {
		d.vals[i] = value
		return
	}
	if d.index == nil {
		d.index = make(map[any]int)
	}
	d.index[key] = len(d.keys)
	d.keys = append(d.keys, key)
	d.vals = append(d.vals, value)
}

func dictKey(key any) (any, bool) {
	switch k := key.(type) {
	case string, int64:
		return k, true
	case int:
		return int64(k), true
	}
	return nil, false
}

// Get returns the value of key and whether the key is there. An int key is the
// same as the int64.
func (d *Dict) Get(key any) (any, bool) {
	if d == nil {
		return nil, false
	}
	k, ok := dictKey(key)
	if !ok {
		return nil, false
	}
	i, ok := d.index[k]
	if !ok {
		return nil, false
	}
	return d.vals[i], true
}

// Keys are the keys in order, each a string or an int64.
func (d *Dict) Keys() []any {
	if d == nil {
		return nil
	}
	return slices.Clone(d.keys)
}

// Len is the number of keys.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.keys)
}

// All yields keys and values in order.
func (d *Dict) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for i := range d.Len() {
			if !yield(d.keys[i], d.vals[i]) {
				return
			}
		}
	}
}

// Value is the value of key as a T. The error says that the key is missing, or
// what was found in place of a T; it is the file's user's to mend.
func Value[T any](d *Dict, key any) (T, error) {
	var want T
	v, ok := d.Get(key)
	if !ok {
		return want, bad("key %s is missing", keyText(key))
	}
	got, ok := v.(T)
	if !ok {
		return want, bad("key %s holds %s, expected %s", keyText(key), kindOf(v), kindOf(want))
	}
	return got, nil
}

func keyText(key any) string {
	if s, ok := key.(string); ok {
		return quote(s)
	}
	return fmt.Sprint(key)
}

// kindOf names a value as a Python user would.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a string"
	case []any:
		return "a list"
	case Tuple:
		return "a tuple"
	case Set:
		return "a set"
	case Bytes:
		return "bytes"
	case *seq:
		return [...]string{list: "a list", tuple: "a tuple", set: "a set"}[v.kind]
	case *Dict:
		return "a dict"
	case *Tensor:
		return "a tensor"
	case *storage:
		return "a bare storage"
	case global:
		return "the Python object " + quote(string(v))
	}
	return fmt.Sprintf("a Go %T", v)
}

// quote is %q for text from a file: cut to a length that fits a message.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
