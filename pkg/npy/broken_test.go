package npy_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/gotrainer/trainer/pkg/npy"
)

func isUserError(err error) bool {
	var u interface{ UserError() bool }
	return errors.As(err, &u) && u.UserError()
}

// file builds a .npy file from the text of its header and some data.
func file(dict string, data int) []byte {
	text := dict + "\n"
	out := append([]byte("\x93NUMPY"), 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(text)))
	out = append(out, text...)
	return append(out, make([]byte, data)...)
}

func dict(descr, shape string) string {
	return "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }"
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBrokenFilesAreOneSentence(t *testing.T) {
	good := file(dict("'<f4'", "(3, 4)"), 48)
	cut := zipped(good)
	flipped := zipped(good)
	flipped[len(flipped)-6] ^= 1
	version9 := bytes.Clone(good)
	version9[6] = 9
	long := bytes.Clone(good)
	long[6] = 2
	binary.LittleEndian.PutUint32(long[8:], 1<<31)
	cases := []struct {
		name, want string
		data       []byte
	}{
		{"empty", "the file is empty", nil},
		{"text", "begins with the bytes 69 64 2c 78 2c 79", []byte("id,x,y\n1,2,3\n")},
		{"npz", "perhaps an .npz", []byte("PK\x03\x04aaaaaaaaaaaa")},
		{"magic only", "not a .npy file", []byte("\x93NUMPY")},
		{"cut in the length", "ends inside the .npy header (9 bytes)", good[:9]},
		{"cut in the header", "ends inside the .npy header", good[:40]},
		{"cut in the data", "promises float32 [3 4], 48 bytes of data, but the file holds 47", good[:len(good)-1]},
		{"version 9", "format version is 9.0", version9},
		{"header of 2 GB", "claims to be 2147483648 bytes long", long},
		{"object", "Python objects", testdata(t, "object.npy")},
		{"structured", "is structured", testdata(t, "structured.npy")},
		{"complex", "complex numbers", testdata(t, "complex.npy")},
		{"text array", "elements are text", testdata(t, "text.npy")},
		{"bfloat16", "raw bytes", file(dict("'<V2'", "(3,)"), 6)},
		{"dates", "dates or times", file(dict("'<M8[ns]'", "(3,)"), 24)},
		{"empty descr", "not supported", file(dict("''", "(3,)"), 24)},
		{"float12", "not supported", file(dict("'<f12'", "(3,)"), 36)},
		{"wide without order", "not supported", file(dict("'|f4'", "(3,)"), 12)},
		{"negative size", "impossible size -3", file(dict("'<f4'", "(-3, 4)"), 48)},
		{"20-digit size", "impossible size 99999999999999999999", file(dict("'<f4'", "(99999999999999999999,)"), 48)},
		{"product overflows", "larger than any file", file(dict("'<f4'", "(4294967296, 4294967296)"), 48)},
		{"bytes overflow", "larger than any file", file(dict("'<f8'", "(2305843009213693952,)"), 48)},
		{"zero times huge", "larger than any file", file(dict("'<f4'", "(0, 9223372036854775807, 9223372036854775807)"), 0)},
		{"huge", "but the file holds 48", file(dict("'<f4'", "(1000000000000,)"), 48)},
		{"33 dimensions", "more than 32 dimensions", file(dict("'<f4'", "("+strings.Repeat("1, ", 33)+")"), 4)},
		{"a number as shape", "expected a shape", file(dict("'<f4'", "3"), 12)},
		{"a number in brackets", "expected a comma in the shape", file(dict("'<f4'", "(3)"), 12)},
		{"words in the shape", "expected a number in the shape", file(dict("'<f4'", "(three,)"), 12)},
		{"key missing", `no key "shape"`, file("{'descr': '<f4', 'fortran_order': False}", 12)},
		{"key twice", `the key "descr" twice`, file("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", 24)},
		{"unknown key", `unknown key "extra"`, file("{'extra': 1, 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 12)},
		{"order is a number", "expected True or False", file("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}", 12)},
		{"no dictionary", "expected a dictionary", file("import os", 12)},
		{"code after it", "expected the end", file(dict("'<f4'", "(3,)")+" + 1", 12)},
		{"gzip cut", "the gzip file is cut off", cut[:len(cut)-12]},
		{"gzip damaged", "checksum error", flipped},
		{"gzip header only", "the gzip file is cut off", cut[:5]},
		{"gzip of nothing", "the file is empty", zipped(nil)},
		{"gzip of text", "not a .npy file", zipped([]byte("id,x,y\n1,2,3\n"))},
		{"gzip, data short", "but the file holds 40", zipped(good[:len(good)-8])},
		{"gzip bomb header", "bytes of gzip cannot hold", zipped(file(dict("'<f4'", "(1000000000000,)"), 1<<17))},
		{"gzip with much after it", "holds much more than", zipped(append(bytes.Clone(good), make([]byte, 2<<20)...))},
	}
	dir := t.TempDir()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, "x.npy")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, mode := range []npy.Mode{npy.Mapped, npy.InMemory} {
				_, err := npy.Open(path, npy.Options{Mode: mode})
				checkSentence(t, err, path, c.want)
			}
		})
	}
}

func checkSentence(t *testing.T, err error, path, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if text := err.Error(); !strings.HasPrefix(text, path+": ") || !strings.Contains(text, want) || strings.Contains(text, "\n") {
		t.Errorf("%s\nwant one line with %q", text, want)
	}
	if !isUserError(err) {
		t.Errorf("not a user error: %v", err)
	}
}

func TestWhatIsNoPlainFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	_, err := npy.Open(dir, npy.Options{})
	checkSentence(t, err, dir, "this is a folder")
	missing := filepath.Join(dir, "x.npy")
	_, err = npy.Open(missing, npy.Options{})
	checkSentence(t, err, missing, "no such file")
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	_, err = npy.Open(pipe, npy.Options{})
	checkSentence(t, err, pipe, "this is not a plain file")
}

// Of a file of several arrays only the one that was asked for stays in memory.
func TestWhatLiesBeforeAnArrayIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	const before = 16 << 20
	if err := os.WriteFile(path, make([]byte, before+1024), 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	began := inUse()
	a := open(t, path, npy.Options{Mode: npy.InMemory, Format: func(io.ReaderAt, int64) (npy.Header, error) {
		return npy.Header{DType: "u1", Shape: []int64{8, 128}, DataOffset: before}, nil
	}})
	if more := inUse() - began; more > before/2 {
		t.Errorf("%d bytes are kept for an array of 1024", more)
	}
	if a.Rows() != 8 {
		t.Errorf("%d rows", a.Rows())
	}
}

func TestMemoryDecidesHowAFileIsRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	put := func(data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(file(dict("'<f4'", "(25, 10)"), 1000))
	if a := open(t, path, npy.Options{Memory: 2000}); !a.IsMapped() {
		t.Error("larger than a quarter of the memory, but read")
	}
	if a := open(t, path, npy.Options{Memory: 8000}); a.IsMapped() {
		t.Error("smaller than a quarter of the memory, but mapped")
	}
	_, err := npy.Open(path, npy.Options{Memory: 900, Mode: npy.InMemory})
	checkSentence(t, err, path, "use in_memory: auto")

	put(file("{'descr': '<f4', 'fortran_order': True, 'shape': (25, 10)}", 1000))
	_, err = npy.Open(path, npy.Options{Memory: 2000})
	checkSentence(t, err, path, "numpy.ascontiguousarray(x)")
	open(t, path, npy.Options{Memory: 2000, Mode: npy.InMemory})

	put(zipped(file(dict("'<f4'", "(25, 10)"), 1000)))
	_, err = npy.Open(path, npy.Options{Memory: 2000})
	checkSentence(t, err, path, "unpack the file with gunzip")
	open(t, path, npy.Options{Memory: 2000, Mode: npy.InMemory})
	_, err = npy.Open(path, npy.Options{Memory: 900, Mode: npy.InMemory})
	checkSentence(t, err, path, "unpack the file with gunzip")
}
