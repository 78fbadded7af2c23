package checkpoint

import (
	"bytes"
	"math"
	"math/big"
	"strings"
	"testing"
)

// The bytes are those of Python's protocol 2, without the memo.
func TestPickleBytes(t *testing.T) {
	big256 := new(big.Int).Lsh(big.NewInt(1), 64)
	cases := []struct {
		name string
		in   any
		want string
	}{
		{"none", nil, "N"},
		{"true", true, "\x88"},
		{"false", false, "\x89"},
		{"0", int64(0), "K\x00"},
		{"255", int64(255), "K\xff"},
		{"256", int64(256), "M\x00\x01"},
		{"65535", int64(65535), "M\xff\xff"},
		{"65536", int64(65536), "J\x00\x00\x01\x00"},
		{"-1", int64(-1), "J\xff\xff\xff\xff"},
		{"max int32", int64(math.MaxInt32), "J\xff\xff\xff\x7f"},
		{"max int32 + 1", int64(math.MaxInt32) + 1, "\x8a\x05\x00\x00\x00\x80\x00"},
		{"min int32 - 1", int64(math.MinInt32) - 1, "\x8a\x05\xff\xff\xff\x7f\xff"},
		{"min int64", int64(math.MinInt64), "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80"},
		{"2^64", big256, "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01"},
		{"-2^64", new(big.Int).Neg(big256), "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\xff"},
		{"0.5", 0.5, "G\x3f\xe0\x00\x00\x00\x00\x00\x00"},
		{"-inf", math.Inf(-1), "G\xff\xf0\x00\x00\x00\x00\x00\x00"},
		{"text", "ü", "X\x02\x00\x00\x00\xc3\xbc"},
		{"empty list", []any{}, "]"},
		{"list of one", []any{nil}, "]Na"},
		{"list", []any{nil, true}, "](N\x88e"},
		{"tuples", []any{Tuple{}, Tuple{nil}, Tuple{nil, nil}, Tuple{nil, nil, nil}, Tuple{nil, nil, nil, nil}},
			"]()N\x85NN\x86NNN\x87(NNNNte"},
		{"empty dict", NewDict(), "}"},
		{"dict of one", NewDict("a", nil), "}X\x01\x00\x00\x00aNs"},
		{"dict", NewDict(1, nil, 0, true), "}(K\x01NK\x00\x88u"},
		{"ordered dict", ordered("a", nil), "ccollections\nOrderedDict\n)RX\x01\x00\x00\x00aNs"},
	}
	for _, c := range cases {
		got, _, err := encode(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if want := "\x80\x02" + c.want + "."; string(got) != want {
			t.Errorf("%s: got %q, want %q", c.name, got, want)
		}
	}
}

// A float32 [3,2] as torch.save writes it in an OrderedDict, memo left out.
func TestTensorPickleBytes(t *testing.T) {
	const text = "X%\x00\x00\x00"
	str := func(s string) string { return strings.Replace(text, "%", string(rune(len(s))), 1) + s }
	want := "\x80\x02ccollections\nOrderedDict\n)R" + str("weight") +
		"ctorch._utils\n_rebuild_tensor_v2\n(" +
		"(" + str("storage") + "ctorch\nFloatStorage\n" + str("0") + str("cpu") + "K\x06tQ" +
		"K\x00" + "K\x03K\x02\x86" + "K\x02K\x01\x86" + "\x89" +
		"ccollections\nOrderedDict\n)R" + "tRs."
	got, tensors, err := encode(ordered("weight", ramp(3, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(tensors) != 1 {
		t.Errorf("%d storages", len(tensors))
	}
}

func TestTheSameDataTwiceAreOneStorage(t *testing.T) {
	w := ramp(4)
	view := &Tensor{DType: Float32, Shape: []int64{2, 2}, Data: w.Data}
	_, tensors, err := encode([]any{w, ramp(4), w, view})
	if err != nil {
		t.Fatal(err)
	}
	if len(tensors) != 2 {
		t.Fatalf("%d storages, want 2", len(tensors))
	}
}

func TestLongListsAreWrittenInBatches(t *testing.T) {
	for _, n := range []int{999, 1000, 1001, 2000, 2001} {
		list, dict := make([]any, n), NewDict()
		for i := range list {
			list[i] = int64(i)
			dict.Set(i, nil)
		}
		got, _, err := encode(list)
		if err != nil {
			t.Fatal(err)
		}
		if marks := bytes.Count(got, []byte{opMark, opBinInt1, 0}); marks != 1 {
			t.Errorf("%d items: %d first batches", n, marks)
		}
		b := written(t, []any{list, dict})
		v, err := readBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(written(t, v), b) || len(v.([]any)[0].([]any)) != n || v.([]any)[1].(*Dict).Len() != n {
			t.Errorf("%d items do not come back", n)
		}
	}
}

func TestWhatCannotBeWrittenIsNamedByItsKey(t *testing.T) {
	deep := any("x")
	for range maxDepth + 2 {
		deep = []any{deep}
	}
	cases := []struct {
		value any
		want  string
	}{
		{NewDict("config", NewDict("data", []any{1, make(chan int)})), "write config.data.1: a Go chan int is no checkpoint value"},
		{NewDict("a", "\xff"), `write a: the text "\xff" is not valid UTF-8`},
		{NewDict("a", (*Tensor)(nil), "b", []any{(*Dict)(nil)}), ""},
		{NewDict("w", &Tensor{DType: Float32, Shape: []int64{2}, Data: make([]byte, 7)}), "write w: tensor of shape [2] and dtype float32 has 7 bytes of data"},
		{NewDict("w", &Tensor{Shape: []int64{2}}), "unknown dtype 0"},
		{NewDict("w", &Tensor{DType: Uint8, Shape: []int64{-1}}), "impossible shape [-1]"},
		{NewDict("w", &Tensor{DType: Uint8, Shape: []int64{1 << 32, 1 << 32}}), "impossible shape"},
		{new(big.Int).Lsh(big.NewInt(1), 3000), "write the root: an integer of 376 bytes"},
		{deep, "nested more than 200 deep"},
	}
	for _, c := range cases {
		_, _, err := encode(c.value)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v: %v", c.value, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
