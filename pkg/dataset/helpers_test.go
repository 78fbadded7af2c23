package dataset_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/npy"
)

const golden = "../npy/testdata/"

func isUserError(err error) bool {
	var u interface{ UserError() bool }
	return errors.As(err, &u) && u.UserError()
}

// wantSentence checks a user error: one line that holds every wanted piece.
func wantSentence(t *testing.T, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one with %q", wants)
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nshould contain %q", err, want)
		}
	}
	if !isUserError(err) || strings.Contains(err.Error(), "\n") {
		t.Errorf("not a user error of one line: %v", err)
	}
}

func open(t *testing.T, s dataset.Spec) *dataset.Data {
	t.Helper()
	d, err := dataset.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func openError(t *testing.T, s dataset.Spec, wants ...string) {
	t.Helper()
	d, err := dataset.Open(s)
	if err == nil {
		d.Close()
	}
	wantSentence(t, err, wants...)
}

// save writes float32 values as a .npy file and returns its path.
func save(t *testing.T, path string, shape []int64, v []float32) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := npy.Create(path, "f4", shape)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.WriteFloat32s(v); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func put(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ramp is 0, 1, 2, ...
func ramp(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	return v
}

func upTo(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// readAll is every sample of a split.
func readAll(t *testing.T, s *dataset.Split, dim int) []float32 {
	t.Helper()
	x := make([]float32, s.Len()*dim)
	if err := s.Read(x, upTo(s.Len())); err != nil {
		t.Fatal(err)
	}
	return x
}

func readLabels(t *testing.T, s *dataset.Split, dim int) []float32 {
	t.Helper()
	y := make([]float32, s.Len()*dim)
	if err := s.ReadLabels(y, upTo(s.Len())); err != nil {
		t.Fatal(err)
	}
	return y
}

func benchmarkFile(b *testing.B, path string, n, dim int) {
	b.Helper()
	w, err := npy.Create(path, "f4", []int64{int64(n), int64(dim)})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Abort()
	if err := w.WriteFloat32s(ramp(n * dim)); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
