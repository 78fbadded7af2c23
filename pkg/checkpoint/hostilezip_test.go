package checkpoint

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"testing"
)

// patched is a copy of b with new bytes at an offset; negative counts from the end.
func patched(b []byte, at int, with ...byte) []byte {
	b = bytes.Clone(b)
	if at < 0 {
		at += len(b)
	}
	copy(b[at:], with)
	return b
}

// centralOf is where the directory entry of a record begins.
func centralOf(t *testing.T, b []byte, name string) int {
	t.Helper()
	at := bytes.LastIndex(b, []byte(name))
	if at < sizeCentral || le.Uint32(b[at-sizeCentral:]) != sigCentral {
		t.Fatalf("no entry of %s", name)
	}
	return at - sizeCentral
}

func localOf(t *testing.T, b []byte, name string) int {
	t.Helper()
	return bytes.Index(b, []byte(name)) - sizeLocal
}

func deflated(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"x/data.pkl", "x/data/0", "x/version"} {
		w, err := z.Create(name) // deflate
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(w, zeros{}, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestHostileZips(t *testing.T) {
	good := written(t, []any{ramp(3), ramp(4)})
	dir := int(le.Uint32(good[len(good)-6:]))
	pickle, version := bytesRecord(recPickle, []byte("\x80\x02N.")), bytesRecord(recVersion, []byte("3\n"))
	central, local := centralOf(t, good, "x/data/1"), localOf(t, good, "x/data/1")
	overlap := patched(good, central+42, good[centralOf(t, good, "x/data/0")+42:][:4]...)
	copy(overlap[central+sizeCentral:], "x/data/0")
	fakeEnd := append(bytes.Clone(good), good[len(good)-sizeEnd:]...)
	cases := []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "empty file"},
		{"text", []byte("hello, this is no checkpoint"), `it begins with "hello, this is n", expected a zip file`},
		{"plain pickle", []byte("\x80\x02}." + "0123456789012345678901234567890"), "a plain Python pickle"},
		{"deflate bomb", deflated(t), "is compressed (method 8)"},
		{"overlapping records", overlap, "is there twice"},
		{"one record within another", patched(good, centralOf(t, good, "x/data/0")+24, 0xff, 0xff, 0xff, 0x7f), "impossible size"},
		{"directory size differs from the data's", patched(good, central+20, 15, 0, 0, 0, 15, 0, 0, 0), "nothing closes record"},
		{"descriptor differs", patched(good, dirDescriptor(good, local)+8, 9), "bytes there and"},
		{"directory CRC differs", patched(good, central+16, ^good[central+16]), "CRC"},
		{"flipped weight", patched(good, dirDescriptor(good, local)-1, 0xff), "damaged: the content of record \"data/1\""},
		{"same name twice", zipped(t, "x", pickle, version, version), `record "x/version" is there twice`},
		{"parent folder", zipped(t, "x", pickle, version, bytesRecord("../../etc/passwd", nil)), "does not belong below x/"},
		{"absolute name", zipped(t, "", pickle, version), "is not in a folder"},
		{"two folders", bothFolders(t), "does not belong below x/"},
		{"backslash", zipped(t, "x", pickle, bytesRecord(`a\b`, nil), version), "does not belong below x/"},
		{"no data.pkl", zipped(t, "x", version), `it has no record "data.pkl"`},
		{"no version", zipped(t, "x", pickle), `it has no record "version"`},
		{"version 0", zipped(t, "x", pickle, bytesRecord(recVersion, []byte("0"))), `version "0" of torch's file format`},
		{"version 11", zipped(t, "x", pickle, bytesRecord(recVersion, []byte("11\n"))), "expected 1 to 10"},
		{"big endian", zipped(t, "x", pickle, version, bytesRecord(recByteOrder, []byte("big"))), `its byte order is "big"`},
		{"TorchScript", zipped(t, "x", pickle, version, bytesRecord("constants.pkl", nil)), "TorchScript"},
		{"junk in front", append(make([]byte, 64), good...), "its 64-bit record is not in its place"},
		{"comment", append(patched(good, -2, 5, 0), "hello"...), "truncated"},
		{"comment with a second end", patched(fakeEnd, len(good)-2, sizeEnd, 0), "does not lie where it says"},
		{"2^31 records", patched(patched(good, dir2(good)+24, 0, 0, 0, 0x80, 0, 0, 0, 0), dir2(good)+32, 0, 0, 0, 0x80, 0, 0, 0, 0), "contradict"},
		{"encrypted", patched(good, central+8, 0x09), "is encrypted"},
		{"local name differs", patched(good, local+sizeLocal, 'y'), `is called "y/data/1"`},
		{"record outside", patched(good, central+42, 0, 0, 0, 0x7f), "damaged"},
		{"directory moved", patched(good, -6, byte(dir+1)), "contradict"},
		{"extra field too long", patched(good, local+sizeLocal+8+2, 0xff), "an extra field is longer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readBytes(c.file)
			wantUserError(t, err, c.want)
		})
	}
	if _, err := readBytes(good); err != nil {
		t.Errorf("the file that the cases start from: %v", err)
	}
}

// dirDescriptor is where the descriptor after the 16 bytes of data/1 begins.
func dirDescriptor(b []byte, local int) int {
	return local + sizeLocal + int(le.Uint16(b[local+26:])) + int(le.Uint16(b[local+28:])) + 16
}

// dir2 is where the zip64 end record begins.
func dir2(b []byte) int { return len(b) - sizeEnd - sizeLocator64 - sizeEnd64 }

func bothFolders(t *testing.T) []byte {
	t.Helper()
	a := &archive{}
	a.place("x", []record{bytesRecord(recPickle, []byte("\x80\x02N."))})
	a.place("y", []record{bytesRecord(recVersion, []byte("3\n"))})
	var b bytes.Buffer
	if err := a.writeTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Two entries with different names but the same place.
func TestRecordsThatShareBytesAreRefused(t *testing.T) {
	good := written(t, []any{ramp(4), ramp(4)})
	one, two := centralOf(t, good, "x/data/0"), centralOf(t, good, "x/data/1")
	_, err := readBytes(patched(good, two+42, good[one+42:one+46]...))
	wantUserError(t, err, `record "data/1" overlaps another one`)
}

// The directory is at the end, so a cut file is always found out.
func TestAFileCutAnywhereIsRefused(t *testing.T) {
	good := written(t, sample().root())
	for n := range good {
		if _, err := readBytes(good[:n]); err == nil {
			t.Fatalf("cut to %d of %d bytes, it was read", n, len(good))
		}
	}
	_, err := readBytes(good[:len(good)-30])
	wantUserError(t, err, "truncated: the directory at the end of the file is missing")
}

// torch.load takes most flipped bits for good weights; here a flip is an error or
// changes nothing.
func TestNoFlippedBitChangesAValue(t *testing.T) {
	good := written(t, []any{ramp(3), "text", int64(7)})
	v, err := readBytes(good)
	if err != nil {
		t.Fatal(err)
	}
	want, refused := written(t, v), 0
	for i := range len(good) * 8 {
		b := patched(good, i/8, good[i/8]^1<<(i%8))
		v, err := readBytes(b)
		if err != nil {
			refused++
		} else if !bytes.Equal(written(t, v), want) {
			t.Fatalf("bit %d of byte %d changes the value", i%8, i/8)
		}
	}
	if refused < len(good) {
		t.Errorf("only %d of %d flips were refused", refused, len(good)*8)
	}
}

func TestAMissingCRCIsNoError(t *testing.T) {
	good := written(t, []any{ramp(3)})
	crc := le.AppendUint32(nil, crc32.ChecksumIEEE(ramp(3).Data))
	if n := bytes.Count(good, crc); n != 2 {
		t.Fatalf("the CRC stands in %d places", n)
	}
	v, err := readBytes(bytes.ReplaceAll(good, crc, make([]byte, 4)))
	if err != nil || fmt.Sprint(values(v.([]any)[0].(*Tensor))) != "[0 1 2]" {
		t.Errorf("%v, %v", v, err)
	}
}
