package checkpoint

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The files in testdata were saved by PyTorch, by interop/make_pt_testdata.py.

func torchFile(t *testing.T, name string) *Dict {
	t.Helper()
	v, err := ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return v.(*Dict)
}

func tensorAt(t *testing.T, d *Dict, key any) *Tensor {
	t.Helper()
	v, err := Value[*Tensor](d, key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestViewsBecomeContiguous(t *testing.T) {
	d := torchFile(t, "views.pt")
	cases := []struct {
		key   string
		shape []int64
		want  []float32
	}{
		{"base", []int64{3, 4}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{"transposed", []int64{4, 3}, []float32{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}},
		{"row", []int64{4}, []float32{4, 5, 6, 7}},
		{"column", []int64{3}, []float32{2, 6, 10}},
		{"block", []int64{2, 2}, []float32{5, 6, 9, 10}},
		{"every_second", []int64{3, 2}, []float32{0, 2, 4, 6, 8, 10}},
		{"expanded", []int64{3, 2}, []float32{7, 8, 7, 8, 7, 8}},
		{"permuted", []int64{4, 2, 3}, []float32{0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23}},
		{"scalar_view", []int64{}, []float32{11}},
		{"empty_view", []int64{0, 4}, []float32{}},
	}
	for _, c := range cases {
		got := tensorAt(t, d, c.key)
		if !slices.Equal(got.Shape, c.shape) || !slices.Equal(values(got), c.want) {
			t.Errorf("%s: shape %v, values %v; want %v, %v", c.key, got.Shape, values(got), c.shape, c.want)
		}
	}
}

func TestEveryDTypeIsRead(t *testing.T) {
	d := torchFile(t, "dtypes.pt")
	want := map[DType][]byte{ // 1, 2, 3
		Float32: {0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64}, Float16: {0, 60, 0, 64, 0, 66}, BFloat16: {128, 63, 0, 64, 64, 64},
		Int32: {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}, Int16: {1, 0, 2, 0, 3, 0}, Int8: {1, 2, 3}, Uint8: {1, 2, 3}, Bool: {1, 0, 1},
	}
	for dtype := Float32; dtype <= Bool; dtype++ {
		got := tensorAt(t, d, dtype.String())
		if got.DType != dtype || !slices.Equal(got.Shape, []int64{3}) || len(got.Data) != 3*dtype.Size() {
			t.Errorf("%v: %v %v, %d bytes", dtype, got.DType, got.Shape, len(got.Data))
		}
		if w := want[dtype]; w != nil && !bytes.Equal(got.Data, w) {
			t.Errorf("%v: % x, want % x", dtype, got.Data, w)
		}
	}
	f64, i64 := tensorAt(t, d, "float64"), tensorAt(t, d, "int64")
	if math.Float64frombits(le.Uint64(f64.Data[16:])) != 3 || le.Uint64(i64.Data[16:]) != 3 {
		t.Error("8-byte values differ")
	}
	if z := tensorAt(t, d, "zero_d"); len(z.Shape) != 0 || values(z)[0] != 2.5 {
		t.Errorf("zero_d: %v", z)
	}
	if e := tensorAt(t, d, "empty"); !slices.Equal(e.Shape, []int64{0, 3}) || len(e.Data) != 0 {
		t.Errorf("empty: %v", e)
	}
}

func TestParametersAndTorchsPlainTypesAreRead(t *testing.T) {
	d := torchFile(t, "parameters.pt")
	if !d.Ordered {
		t.Error("an OrderedDict came back as a dict")
	}
	for key, want := range map[string][]float32{"weight": {0, 1, 2, 3}, "tied": {0, 1, 2, 3}, "alias": {0, 1}, "frozen": {1}} {
		if got := values(tensorAt(t, d, key)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	counter, err := Value[*Dict](d, "counter")
	if err != nil || fmt.Sprint(counter.Keys()) != "[30 80]" {
		t.Errorf("counter: %v, %v", counter.Keys(), err)
	}
	for key, want := range map[string]string{"size": "[2 2]", "dtype": "torch.bfloat16", "device": "cuda:1", "cpu": "cpu"} {
		if got, _ := d.Get(key); fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", key, got, want)
		}
	}
}

func TestPlainValuesAreRead(t *testing.T) {
	d := torchFile(t, "plain.pt")
	for key, want := range map[string]string{
		"ints":   "[0 255 256 65535 65536 -1 2147483647 2147483648 -2147483649 9223372036854775807 -9223372036854775808]",
		"big":    "[9223372036854775808 170141183460469231731687303715884105729 -18446744073709551616]",
		"floats": "[0.1 -0 +Inf -Inf 5e-324]",
		"nan":    "NaN",
		"flags":  "[true false <nil>]",
		"tuples": "[[] [1] [1 2] [1 2 3] [1 2 3 4]]",
		"shared": "[[1 2] [1 2] [1 2]]",
	} {
		if got, _ := d.Get(key); fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", key, got, want)
		}
	}
	text, _ := Value[[]any](d, "text")
	if len(text) != 4 || text[1] != "größe" || text[2] != "\U0001f600" || len(text[3].(string)) != 300 {
		t.Errorf("text: %v", text)
	}
	if long, _ := Value[[]any](d, "long"); len(long) != 1001 {
		t.Errorf("long: %d items", len(long))
	}
	keys, _ := Value[*Dict](d, "keys")
	if fmt.Sprintf("%#v", keys.Keys()) != `[]interface {}{0, -1, "0"}` {
		t.Errorf("keys: %#v", keys.Keys())
	}
	if tuples, _ := Value[[]any](d, "tuples"); fmt.Sprintf("%T", tuples[1]) != "checkpoint.Tuple" {
		t.Errorf("a tuple came back as %T", tuples[1])
	}
}

func TestProtocol4AndMissingCRCAreRead(t *testing.T) {
	d := torchFile(t, "protocol4_no_crc.pt")
	if got := values(tensorAt(t, d, "w")); !slices.Equal(got, []float32{1, 1}) {
		t.Errorf("w: %v", got)
	}
	if text, _ := d.Get("text"); text != "größe" {
		t.Errorf("text: %v", text)
	}
}

func TestACheckpointOfPythonLoads(t *testing.T) {
	f, err := Load(filepath.Join("testdata", "checkpoint.pt"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Epoch != 5 || f.MetricValue != 0.125 || f.TrainerState != nil {
		t.Errorf("epoch %d, metric %v, trainer_state %v", f.Epoch, f.MetricValue, f.TrainerState)
	}
	if fmt.Sprint(f.Model.Keys()) != "[0.weight 0.bias]" || !f.Model.Ordered {
		t.Errorf("model_state_dict: %v", f.Model.Keys())
	}
	state, _ := Value[*Dict](f.Optimizer, "state")
	first, err := Value[*Dict](state, 0)
	if err != nil || fmt.Sprint(first.Keys()) != "[step exp_avg exp_avg_sq]" {
		t.Errorf("state of the first parameter: %v, %v", first.Keys(), err)
	}
}

func TestWhatTorchWroteComesBackTheSameFromOurWriter(t *testing.T) {
	for _, name := range []string{"views.pt", "dtypes.pt", "parameters.pt", "plain.pt", "checkpoint.pt"} {
		one := written(t, torchFile(t, name))
		v, err := readBytes(one)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(written(t, v), one) {
			t.Errorf("%s: reading and writing changes it", name)
		}
	}
}

func TestOldFormatsAreRefusedWithTheConversion(t *testing.T) {
	path := filepath.Join("testdata", "old_format.pt")
	_, err := Load(path)
	wantUserError(t, err, path+": in torch's format from before 1.6, which is not read; convert it: "+
		`python -c "import torch; torch.save(torch.load('`+path+`', map_location='cpu', weights_only=True), 'converted.pt')"`)

	tar := make([]byte, 1024)
	copy(tar[257:], "ustar")
	path = filepath.Join(t.TempDir(), "a.pt")
	if err := os.WriteFile(path, tar, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Load(path)
	wantUserError(t, err, "in torch's old tar format, which is not read; if you trust the file, convert it: python -c")
}
