package checkpoint

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// FuzzRead: no file makes the reader panic, and what it reads can be written and
// read again without change.
func FuzzRead(f *testing.F) {
	f.Add(written(f, sample().root()))
	f.Add(written(f, []any{ramp(3), nil}))
	f.Add(packed(f, []byte("\x80\x02"+tensorOf(0, 3, 1)+"."), ramp(3).Data))
	f.Add([]byte("PK\x03\x04"))
	for _, name := range []string{"views.pt", "old_format.pt", "torch-1.13.1/protocol5.pt", "torch-2.15.0/lightning.ckpt"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkRead(t, b)
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
	add("\x8f(K\x01K\x02\x90(C\x01aB\x01\x00\x00\x00b\x91\x86")
	add("c_codecs\nencode\n" + str("ÿ") + str("latin1") + "\x86R")
	add("c__builtin__\nset\n](K\x01Ne\x85R")
	f.Fuzz(func(t *testing.T, pickle []byte) {
		checkRead(t, packed(t, pickle, ramp(3).Data, ramp(2).Data))
	})
}

// checkRead holds the reader to its bounds, and its errors to be the user's to mend.
func checkRead(t *testing.T, b []byte) {
	var v any
	var err error
	bounded.Run(t, func() { v, err = readBytes(b) })
	if err != nil {
		var u *Error
		if !errors.As(err, &u) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("no sentence for the user: %q", err)
		}
		return
	}
	bounded.Run(t, func() {
		NotFinite(Tensors("", v))
		StateDict(v)
	})
	mustComeBack(t, v)
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
