package checkpoint

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
)

func TestFromGoMakesCheckpointValues(t *testing.T) {
	type name string
	three := 3
	cases := []struct {
		in, want any
	}{
		{nil, nil},
		{true, true},
		{7, int64(7)},
		{uint8(7), int64(7)},
		{uint64(1 << 63), new(big.Int).SetUint64(1 << 63)},
		{float32(0.5), 0.5},
		{name("x"), "x"},
		{&three, int64(3)},
		{(*int)(nil), nil},
		{(*Dict)(nil), nil},
		{(*Tensor)(nil), nil},
		{[]string{"a"}, []any{"a"}},
		{[2]int{1, 2}, []any{int64(1), int64(2)}},
		{Tuple{1, float32(0.25)}, Tuple{int64(1), 0.25}},
		{map[string]any{"b": 1, "a": []any{2}}, NewDict("a", []any{2}, "b", 1)},
		{map[int]string{2: "b", 1: "a"}, NewDict(1, "a", 2, "b")},
	}
	for _, c := range cases {
		if got := FromGo(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%T %v: got %#v, want %#v", c.in, c.in, got, c.want)
		}
	}
}

// Maps have no order; what is written of them must have one.
func TestFromGoSortsMapKeys(t *testing.T) {
	m := map[string]int{}
	for i := range 50 {
		m[fmt.Sprintf("%02d", (i*37)%50)] = i
	}
	keys := FromGo(m).(*Dict).Keys()
	for i, k := range keys {
		if k != fmt.Sprintf("%02d", i) {
			t.Fatalf("keys %v", keys)
		}
	}
}

func TestToGoIsTheWayBack(t *testing.T) {
	in := map[string]any{"n": 3, "f": 0.5, "s": "x", "none": nil, "l": []any{1, true}, "m": map[string]any{"a": 1}}
	if got := ToGo(FromGo(in)); !reflect.DeepEqual(got, in) {
		t.Errorf("got %#v", got)
	}
	got := ToGo(NewDict(1, Tuple{2, "x"}))
	if want := (map[string]any{"1": []any{2, "x"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v", got)
	}
}

func TestDictKeepsTheOrderOfItsKeys(t *testing.T) {
	d := NewDict("b", 1, "a", 2, 3, "x")
	d.Set("b", 10)
	if fmt.Sprint(d.Keys()) != "[b a 3]" || d.Len() != 3 {
		t.Errorf("keys %v", d.Keys())
	}
	for key, want := range map[any]any{"b": int64(10), 3: "x", int64(3): "x"} {
		if got, ok := d.Get(key); !ok || got != want {
			t.Errorf("%v: %v, %v", key, got, ok)
		}
	}
	if _, ok := d.Get("3"); ok {
		t.Error("the text 3 is not the number 3")
	}
	var none *Dict
	if _, ok := none.Get("a"); ok || none.Len() != 0 || none.Keys() != nil {
		t.Error("a nil Dict is not empty")
	}
	n := 0
	for range d.All() {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Error("All does not stop")
	}
}

func TestDictRefusesKeysThatPythonFilesDoNotHave(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewDict(1.5, "x")
}

func TestValueNamesKeyAndTypes(t *testing.T) {
	d := NewDict("a", "text")
	if s, err := Value[string](d, "a"); err != nil || s != "text" {
		t.Errorf("%q, %v", s, err)
	}
	_, err := Value[*Dict](d, "a")
	wantUserError(t, err, `key "a" holds a string, expected a dict`)
	_, err = Value[int64](d, "b")
	wantUserError(t, err, `key "b" is missing`)
}

func TestDTypes(t *testing.T) {
	for d := Float32; d <= Bool; d++ {
		if got, ok := ParseDType(d.String()); !ok || got != d || d.Size() == 0 {
			t.Errorf("%d: %v %v, size %d", d, got, ok, d.Size())
		}
	}
	for _, d := range []DType{0, Bool + 1, 255} {
		if d.Size() != 0 || d.String() != "unknown" {
			t.Errorf("%d: %v, size %d", uint8(d), d, d.Size())
		}
	}
	if _, ok := ParseDType("complex64"); ok {
		t.Error("complex64 is known")
	}
}
