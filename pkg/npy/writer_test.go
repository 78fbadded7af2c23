package npy_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/npy"
)

func write(t *testing.T, path, dtype string, shape []int64, parts ...[]float32) {
	t.Helper()
	w, err := npy.Create(path, dtype, shape)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, p := range parts {
		if err := w.WriteFloat32s(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func sameFile(t *testing.T, got, want string) {
	t.Helper()
	g, err := os.ReadFile(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(g, w) {
		t.Errorf("not the bytes of %s:\n%q\n%q", want, g, w)
	}
}

func TestOurBytesAreNumpysBytes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	for _, dtype := range []string{"f4", "f2", "f8"} {
		v := counting(dtype, 12)
		write(t, path, dtype, []int64{3, 4}, v[:4], nil, v[4:])
		sameFile(t, path, "testdata/"+dtype+".npy")
	}
	write(t, path, "f4", []int64{30}, counting("f4", 30))
	sameFile(t, path, "testdata/long.npy")
	write(t, path, "f4", nil, []float32{1.5})
	sameFile(t, path, "testdata/scalar.npy")
	write(t, path, "f4", []int64{0, 4})
	sameFile(t, path, "testdata/empty.npy")

	w, err := npy.Create(path, "i8", []int64{3})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteInt64s([]int64{2, 0, 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sameFile(t, path, "testdata/labels.npy")

	if w, err = npy.Create(path, "u1", []int64{3, 4}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sameFile(t, path, "testdata/u1.npy")
}

func TestALongRowIsWrittenInPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	v := make([]float32, 200_000)
	for i := range v {
		v[i] = float32(i % 2048)
	}
	write(t, path, "f2", []int64{2, 100_000}, v)
	if got := all(t, open(t, path, npy.Options{})); !slices.Equal(got, v) {
		t.Error("other values came back")
	}
}

func TestNothingIsLeftOfAnUnfinishedArray(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	start := func() *npy.Writer {
		w, err := npy.Create(path, "f4", []int64{2, 2})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := start()
	if err := w.WriteFloat32s([]float32{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "12 bytes of data for an array float32 [2 2], which has 16") {
		t.Errorf("too little data: %v", err)
	}
	w = start()
	if err := w.WriteFloat32s(make([]float32, 5)); err == nil || !strings.Contains(err.Error(), "20 bytes of data") {
		t.Errorf("too much data: %v", err)
	}
	w.Abort()
	w = start()
	if err := w.WriteFloat32s(make([]float32, 4)); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestFloat16RefusesWhatItCannotHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	w, err := npy.Create(path, "f2", []int64{3})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.WriteFloat32s([]float32{float32(math.Inf(1)), 65504}); err != nil {
		t.Errorf("infinity is a float16: %v", err)
	}
	err = w.WriteFloat32s([]float32{65520})
	if !isUserError(err) || !strings.Contains(err.Error(), "65520 does not fit in float16") {
		t.Errorf("65520: %v", err)
	}
}

func TestCreateRefusesWhatCannotBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	if _, err := npy.Create(path, "q7", []int64{3}); !isUserError(err) {
		t.Errorf("unknown type: %v", err)
	}
	if _, err := npy.Create(path, "f4", []int64{3, -1}); !isUserError(err) {
		t.Errorf("negative size: %v", err)
	}
	w, err := npy.Create(path, "i8", []int64{1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.WriteFloat32s([]float32{1}); err == nil {
		t.Error("float32 values in an int64 array")
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, 7)); err != nil {
		t.Error(err)
	}
}
