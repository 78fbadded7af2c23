package checkpoint

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An independent reader sees torch's records in torch's order, stored, with the
// flags of torch, and each one's data at a multiple of 64.
func TestZipLayoutIsTorchs(t *testing.T) {
	b := written(t, []any{ramp(3), ramp(0), ramp(100)})
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		at, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		if at%64 != 0 {
			t.Errorf("%s begins at byte %d", f.Name, at)
		}
		flags := uint16(0x808)
		if f.UncompressedSize64 == 0 {
			flags = 0x800
		}
		if f.Method != zip.Store || f.Flags != flags || f.CreatorVersion != 0 || f.ReaderVersion != 0 || len(f.Extra) != 0 {
			t.Errorf("%s: method %d, flags %#x, versions %d %d, extra %q", f.Name, f.Method, f.Flags, f.CreatorVersion, f.ReaderVersion, f.Extra)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil { // checks the CRC
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	want := []string{"x/data.pkl", "x/.format_version", "x/.storage_alignment", "x/byteorder",
		"x/data/0", "x/data/1", "x/data/2", "x/version", "x/.data/serialization_id"}
	if !slices.Equal(names, want) {
		t.Errorf("records %v", names)
	}
	if string(b[len(b)-98:len(b)-94]) != "PK\x06\x06" || string(b[len(b)-42:len(b)-38]) != "PK\x06\x07" {
		t.Error("the end is not zip64")
	}
}

// The same records, laid out by us, make the same file as torch's, byte for byte.
func TestLayoutEqualsTorchsByteForByte(t *testing.T) {
	for _, name := range []string{"views.pt", "checkpoint.pt", "dtypes.pt"} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		z, err := openZip(bytes.NewReader(want), int64(len(want)))
		if err != nil {
			t.Fatal(err)
		}
		var records []record
		for i := range z.records {
			content, err := z.read(&z.records[i])
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, bytesRecord(z.records[i].name, content))
		}
		a := &archive{}
		a.place(strings.TrimSuffix(name, ".pt"), records)
		var got bytes.Buffer
		if err := a.writeTo(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: the bytes differ", name)
		}
	}
}

func TestPlannedSizeIsTheSizeWritten(t *testing.T) {
	for _, folder := range []string{"a", "best_model", strings.Repeat("long", 50)} {
		a, err := assemble(folder, sample().root())
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := a.stream(&b); err != nil {
			t.Fatal(err)
		}
		if int64(b.Len()) != a.size {
			t.Errorf("planned %d bytes, wrote %d", a.size, b.Len())
		}
	}
}

func TestSameValuesMakeTheSameBytes(t *testing.T) {
	one, two := written(t, sample().root()), written(t, sample().root())
	if !bytes.Equal(one, two) {
		t.Error("two writes of the same values differ")
	}
	other := sample()
	other.Epoch++
	if bytes.Equal(one, written(t, other.root())) {
		t.Error("different values, same bytes")
	}
}

func TestARecordThatIsNotAsLongAsPlannedIsAnError(t *testing.T) {
	r := bytesRecord("a", []byte("abc"))
	r.size = 4
	if err := layOut("x", []record{r}).writeTo(io.Discard); err == nil {
		t.Error("no error")
	}
}

func TestFolderOf(t *testing.T) {
	for base, want := range map[string]string{
		"best_model.pt": "best_model", "my.best.model-1.ckpt": "my.best.model-1",
		"plain": "plain", ".pt": "archive", "\xff.pt": "archive",
	} {
		if got := folderOf(base); got != want {
			t.Errorf("%q: got %q, want %q", base, got, want)
		}
	}
	for _, folder := range []string{"", "a/b", "\xff"} {
		if err := Write(io.Discard, folder, nil); err == nil {
			t.Errorf("folder %q was taken", folder)
		}
	}
}
