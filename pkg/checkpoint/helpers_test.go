package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
)

// floats is a float32 tensor.
func floats(shape []int64, v ...float32) *Tensor {
	t := &Tensor{DType: Float32, Shape: shape}
	for _, x := range v {
		t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(x))
	}
	return t
}

// ramp is 0, 1, 2, … in that shape.
func ramp(shape ...int64) *Tensor {
	n, _ := product(shape)
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	return floats(shape, v...)
}

func values(t *Tensor) []float32 {
	v := make([]float32, len(t.Data)/4)
	for i := range v {
		v[i] = math.Float32frombits(le.Uint32(t.Data[4*i:]))
	}
	return v
}

func ordered(pairs ...any) *Dict {
	d := NewDict(pairs...)
	d.Ordered = true
	return d
}

// written is the file that holds v.
func written(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, "x", v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readBytes(b []byte) (any, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// packed is a file with that pickle and those storages, correct in all else.
func packed(t testing.TB, pickle []byte, storages ...[]byte) []byte {
	t.Helper()
	records := []record{bytesRecord(recPickle, pickle)}
	for i, s := range storages {
		records = append(records, bytesRecord(recData+strconv.Itoa(i), s))
	}
	return zipped(t, "x", append(records, bytesRecord(recVersion, []byte("3\n")))...)
}

func zipped(t testing.TB, folder string, records ...record) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := layOut(folder, records).writeTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantUserError checks that err is one sentence for the user that contains part.
func wantUserError(t *testing.T, err error, part string) {
	t.Helper()
	var u interface{ UserError() bool }
	switch {
	case err == nil:
		t.Errorf("no error, expected one with %q", part)
	case !strings.Contains(err.Error(), part):
		t.Errorf("got %q, expected it to contain %q", err, part)
	case strings.ContainsAny(err.Error(), "\n\r"):
		t.Errorf("more than one line: %q", err)
	case !errors.As(err, &u) || !u.UserError():
		t.Errorf("not a user error: %q", err)
	}
}

// sample is a checkpoint with every kind of value.
func sample() *File {
	w, b := ramp(2, 3), floats([]int64{2}, 0.5, -0.5)
	return &File{
		Epoch: 3,
		Model: NewDict("0.weight", w, "0.bias", b, "1.num_batches_tracked",
			&Tensor{DType: Int64, Data: []byte{7, 0, 0, 0, 0, 0, 0, 0}}),
		Optimizer: NewDict(
			"state", NewDict(0, NewDict("step", floats(nil, 1), "exp_avg", ramp(2, 3))),
			"param_groups", []any{NewDict("lr", 1e-3, "betas", Tuple{0.9, 0.999}, "foreach", nil, "params", []int{0, 1})}),
		MetricValue:  0.25,
		Config:       NewDict("experiment", NewDict("name", "größe", "seed", 42), "list", []any{1, "two", 3.5, false, []any{}}),
		RandomState:  NewDict("seed", -1, "torch", &Tensor{DType: Uint8, Shape: []int64{5}, Data: []byte{1, 2, 3, 4, 5}}, "cuda", []any{}),
		TrainerState: NewDict("step", int64(1)<<40, "nothing", Tuple{}, "empty", ramp(0, 4)),
	}
}
