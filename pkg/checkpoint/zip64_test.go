package checkpoint

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// holes is a body of n zero bytes that are never written: w is expected to seek.
func holes(f *os.File, n int64) func(io.Writer) error {
	return func(w io.Writer) error {
		s := w.(*summer)
		s.n += n
		_, err := f.Seek(n, io.SeekCurrent)
		return err
	}
}

// Beyond 4 GiB sizes and offsets move into 64-bit fields: at the record, in its
// descriptor and in the directory. The file is sparse: it takes a few kB of disk.
// The CRC of the hole stays 0, "not computed".
func TestZip64RecordsAndOffsets(t *testing.T) {
	const huge = 4<<30 + 64
	path := filepath.Join(t.TempDir(), "huge.pt")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pickle, tensors, err := encode([]any{ramp(3)})
	if err != nil {
		t.Fatal(err)
	}
	a := layOut("huge", []record{
		{recData + "1", huge, holes(f, huge)},
		{recData + "2", huge, holes(f, huge)}, // both: size and offset
		bytesRecord(recPickle, pickle),
		bytesRecord(recData+"0", tensors[0].Data),
		bytesRecord(recVersion, []byte("3\n")),
	})
	if err := a.writeTo(f); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil || info.Size() != a.size {
		t.Fatalf("size %d, planned %d, %v", info.Size(), a.size, err)
	}
	z, err := openZip(f, a.size)
	if err != nil {
		t.Fatal(err)
	}
	if s := z.byName["data/2"]; s.size != huge || s.offset <= huge || s.data%64 != 0 {
		t.Errorf("data/2: %+v", s)
	}
	if s := z.byName["data/0"]; s.size != 12 || s.offset <= 2*huge || s.data%64 != 0 {
		t.Errorf("data/0: %+v", s)
	}
	v, err := Read(f, a.size)
	if err != nil {
		t.Fatal(err)
	}
	if got := values(v.([]any)[0].(*Tensor)); got[2] != 2 {
		t.Errorf("values %v", got)
	}
}

// The edge: 0xFFFFFFFE bytes still fit the narrow fields, one more does not.
func TestZip64BeginsWhereTheNarrowFieldsAreAllOnes(t *testing.T) {
	for size, want := range map[int64]int{max32 - 1: 16, max32: 24} {
		e := entry{record: record{name: "a", size: size}, path: "x/a"}
		if got := len(e.descriptor()); got != want {
			t.Errorf("size %#x: descriptor of %d bytes, want %d", size, got, want)
		}
		e = entry{record: record{name: "a", size: 1}, path: "x/a", offset: size}
		if got := len(e.descriptor()); got != want {
			t.Errorf("offset %#x: descriptor of %d bytes, want %d", size, got, want)
		}
	}
}
