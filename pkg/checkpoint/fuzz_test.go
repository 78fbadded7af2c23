package checkpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead: no file makes the reader panic, and what it reads can be written and
// read again without change.
func FuzzRead(f *testing.F) {
	f.Add(written(f, sample().root()))
	f.Add(written(f, []any{ramp(3), nil}))
	f.Add(packed(f, []byte("\x80\x02"+tensorOf(0, 3, 1)+"."), ramp(3).Data))
	f.Add([]byte("PK\x03\x04"))
	for _, name := range []string{"views.pt", "old_format.pt"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := readBytes(b); err == nil {
			mustComeBack(t, v)
		}
	})
}

// FuzzPickle is FuzzRead of files that are right but for their pickle, so that the
// fuzzer need not find CRCs.
func FuzzPickle(f *testing.F) {
	add := func(pickle string) { f.Add([]byte("\x80\x02" + pickle + ".")) }
	whole, _, err := encode(sample().root())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	add(tensorOf(0, 3, 1))
	add(tensorOf(0, 2, 0))
	add("ctorch._utils\n_rebuild_parameter\n" + tensorOf(0, 3, 1) + "\x88ccollections\nOrderedDict\n)R\x87R")
	add("](K\x01J\xff\xff\xff\xff\x8a\x01\x80G\x00\x00\x00\x00\x00\x00\x00\x00e")
	add("ccollections\nOrderedDict\n)R}" + str("_metadata") + "}sb")
	add("]q\x00h\x00\x86")
	add("\x8c\x01a\x94\x95\x00\x00\x00\x00\x00\x00\x00\x00(NNNNt\x86")
	add(laughs(3))
	f.Fuzz(func(t *testing.T, pickle []byte) {
		if v, err := readBytes(packed(t, pickle, ramp(3).Data, ramp(2).Data)); err == nil {
			mustComeBack(t, v)
		}
	})
}

func mustComeBack(t *testing.T, v any) {
	one := written(t, v)
	again, err := readBytes(one)
	if err != nil {
		t.Fatalf("what was read and written is refused: %v", err)
	}
	if !bytes.Equal(written(t, again), one) {
		t.Fatal("reading and writing again changes the file")
	}
}
