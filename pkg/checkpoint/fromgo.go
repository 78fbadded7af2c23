package checkpoint

import (
	"cmp"
	"math/big"
	"reflect"
	"slices"
	"strconv"
)

// FromGo turns plain Go values (those of decoded YAML or JSON, and any slice, map
// or number type) into checkpoint values: integers become int64, floats float64,
// slices lists, maps Dicts with sorted keys. Checkpoint values stay as they are,
// and so does what it does not know: Write then names the key that holds it.
func FromGo(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, string, *big.Int, Bytes:
		return v
	case Set:
		out := make(Set, len(v))
		for i, e := range v {
			out[i] = FromGo(e)
		}
		return out
	case Tuple:
		out := make(Tuple, len(v))
		for i, e := range v {
			out[i] = FromGo(e)
		}
		return out
	case *Dict:
		if v == nil {
			return nil
		}
		return v
	case *Tensor:
		if v == nil {
			return nil
		}
		return v
	}
	return fromReflect(reflect.ValueOf(v), v)
}

func fromReflect(r reflect.Value, v any) any {
	switch r.Kind() {
	case reflect.Bool:
		return r.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := r.Uint(); u > 1<<63-1 {
			return new(big.Int).SetUint64(u)
		}
		return int64(r.Uint())
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.String:
		return r.String()
	case reflect.Slice, reflect.Array:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = FromGo(r.Index(i).Interface())
		}
		return list
	case reflect.Map:
		return fromMap(r, v)
	case reflect.Pointer:
		if r.IsNil() {
			return nil
		}
		return FromGo(r.Elem().Interface())
	}
	return v
}

func fromMap(r reflect.Value, v any) any {
	keys := r.MapKeys()
	switch r.Type().Key().Kind() {
	case reflect.String:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) })
	default:
		return v
	}
	d := &Dict{}
	for _, k := range keys {
		d.set(FromGo(k.Interface()), FromGo(r.MapIndex(k).Interface()))
	}
	return d
}

// ToGo is the way back: Dicts become map[string]any (integer keys in decimal),
// lists, tuples and sets []any, int64 int. Tensors stay *Tensor, Bytes Bytes.
func ToGo(v any) any {
	switch v := v.(type) {
	case int64:
		return int(v)
	case []any:
		return toSlice(v)
	case Tuple:
		return toSlice(v)
	case Set:
		return toSlice(v)
	case *Dict:
		m := make(map[string]any, v.Len())
		for key, value := range v.All() {
			name, ok := key.(string)
			if !ok {
				name = strconv.FormatInt(key.(int64), 10)
			}
			m[name] = ToGo(value)
		}
		return m
	}
	return v
}

func toSlice(list []any) []any {
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = ToGo(e)
	}
	return out
}
