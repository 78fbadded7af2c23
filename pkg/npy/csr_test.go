package npy

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCSRHoldsThePartsThatScipyReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.npz")
	w, err := CreateCSR(path, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]float32{{0, 1.5, 0}, {2, 0, 0, 0, 0, -1}, {0, 0, 0}} {
		if err := w.WriteFloat32s(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	want := map[string]string{
		"indices.npy": "\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00",
		"indptr.npy":  le64(0, 2, 2, 3),
		"format.npy":  "csr",
		"shape.npy":   le64(3, 4),
		"data.npy":    "\x00\x00\xc0\x3f\x00\x00\x00\x40\x00\x00\x80\xbf",
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_, data, _ := strings.Cut(string(raw), "\n")
		if data != want[f.Name] {
			t.Errorf("%s holds %q, want %q", f.Name, data, want[f.Name])
		}
		delete(want, f.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing parts: %v", want)
	}
	onlyFile(t, filepath.Dir(path), "codes.npz")
}

func TestCSRWithMissingRowsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := CreateCSR(filepath.Join(dir, "codes.npz"), 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFloat32s([]float32{1, 0, 3}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "1 of 2 rows") {
		t.Errorf("err = %v", err)
	}
	onlyFile(t, dir)
}

func le64(v ...byte) string {
	s := ""
	for _, x := range v {
		s += string([]byte{x, 0, 0, 0, 0, 0, 0, 0})
	}
	return s
}

func onlyFile(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %v, want %v", got, names)
	}
}
