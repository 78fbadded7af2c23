package checkpoint

import (
	"fmt"
	"math"
	"testing"
)

func TestStateDictsAreFoundUnderTheKeysOfTrainingPrograms(t *testing.T) {
	weights := ordered("w", ramp(2))
	for _, c := range []struct {
		root any
		key  string
		ok   bool
	}{
		{weights, "", true},
		{NewDict("epoch", 1, "model_state_dict", weights), "model_state_dict", true},
		{NewDict("state_dict", weights, "loops", NewDict()), "state_dict", true},
		{NewDict("net", weights, "acc", 0.5), "net", true},
		{NewDict("net", NewDict(0, ramp(2)), "acc", 0.5), "", false},
		{NewDict("epoch", 1), "", false},
		{NewDict(), "", false},
		{[]any{ramp(2)}, "", false},
		{nil, "", false},
	} {
		d, key, ok := StateDict(c.root)
		if ok != c.ok || key != c.key || ok && d.Len() != 1 {
			t.Errorf("%v: %v under %q, %v; want %q, %v", c.root, d, key, ok, c.key, c.ok)
		}
	}
}

func TestNumbersThatAreNotFiniteAreCountedInEveryType(t *testing.T) {
	f64 := func(v ...float64) (b []byte) {
		for _, x := range v {
			b = le.AppendUint64(b, math.Float64bits(x))
		}
		return b
	}
	for _, c := range []struct {
		dtype    DType
		data     []byte
		nan, inf int64
	}{
		{Float32, floats(nil, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32).Data, 1, 2},
		{Float64, f64(math.NaN(), math.Inf(-1), math.MaxFloat64, 0), 1, 1},
		{Float16, []byte{0, 0x7c, 0, 0xfc, 1, 0x7c, 0xff, 0x7b}, 1, 2},
		{BFloat16, []byte{0x80, 0x7f, 0xc0, 0x7f, 0x80, 0xff, 0x7f, 0x7f}, 1, 2},
		{Int32, []byte{255, 255, 255, 255}, 0, 0},
		{Float32, nil, 0, 0},
	} {
		shape := []int64{int64(len(c.data) / c.dtype.Size())}
		if nan, inf := (&Tensor{c.dtype, shape, c.data}).NotFinite(); nan != c.nan || inf != c.inf {
			t.Errorf("%v: %d NaN, %d infinite; want %d, %d", c.dtype, nan, inf, c.nan, c.inf)
		}
	}
}

func TestWeightsThatAreNotFiniteAreNamed(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	root := NewDict("a", floats([]int64{2}, 1, nan), "list", []any{Tuple{floats(nil, inf)}}, "good", ramp(3),
		"both", floats([]int64{3}, nan, inf, 0))
	got := NotFinite(Tensors("x", root))
	if want := "[x.a (1 NaN of 2) x.list.0.0 (1 infinite of 1) x.both (1 NaN, 1 infinite of 3)]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	if got := sample().NotFinite(); got != nil {
		t.Errorf("a sound file: %v", got)
	}
}

func TestBytesAndSetsComeBack(t *testing.T) {
	long := make(Bytes, 300)
	for i := range long {
		long[i] = byte(i)
	}
	root := []any{Bytes{}, long, Set{}, Set{int64(1), "a"}, Tuple{Set{Bytes("x")}}}
	v, err := readBytes(written(t, root))
	if err != nil || fmt.Sprintf("%#v", v) != fmt.Sprintf("%#v", root) {
		t.Errorf("%#v, %v", v, err)
	}
}
