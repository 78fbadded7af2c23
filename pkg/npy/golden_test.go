package npy_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/npy"
)

// counting repeats the formula of interop/make_npy_testdata.py.
func counting(code string, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		switch code[0] {
		case 'b':
			v[i] = float32(i % 2)
		case 'u':
			v[i] = float32(i)
		case 'i':
			v[i] = float32(i - 5)
		default:
			v[i] = float32(i-5) / 2
		}
	}
	return v
}

func open(t *testing.T, path string, o npy.Options) *npy.Array {
	t.Helper()
	a, err := npy.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// all reads every row, the last first, and puts them back in order.
func all(t *testing.T, a *npy.Array) []float32 {
	t.Helper()
	n := int(a.Rows())
	rows, index := make([]int, n), make([]int64, n)
	for i := range n {
		rows[i], index[i] = i, int64(n-1-i)
	}
	dst := make([]float32, n*a.RowLen())
	if err := a.Gather(dst, rows, index); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, 0, len(dst))
	for i := n - 1; i >= 0; i-- {
		out = append(out, dst[i*a.RowLen():(i+1)*a.RowLen()]...)
	}
	return out
}

func TestNumpysFilesReadTheSameInEveryMode(t *testing.T) {
	files := map[string]string{"version2": "f4", "version3": "f4"}
	for _, code := range strings.Fields("f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1") {
		files[code] = code
		if code[1] != '1' {
			files["big_"+code] = code
		}
	}
	for name, code := range files {
		for _, mode := range []npy.Mode{npy.Auto, npy.Mapped, npy.InMemory} {
			a := open(t, filepath.Join("testdata", name+".npy"), npy.Options{Mode: mode})
			h := a.Header()
			if h.DType != code || !slices.Equal(h.Shape, []int64{3, 4}) || h.Fortran {
				t.Errorf("%s: header %+v", name, h)
			}
			if a.IsMapped() != (mode == npy.Mapped) {
				t.Errorf("%s: mode %d, mapped %v", name, mode, a.IsMapped())
			}
			if got, want := all(t, a), counting(code, 12); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	}
}

func TestFortranOrderIsTurnedToC(t *testing.T) {
	for _, mode := range []npy.Mode{npy.Auto, npy.Mapped, npy.InMemory} {
		a := open(t, "testdata/fortran.npy", npy.Options{Mode: mode})
		if got, want := all(t, a), counting("f4", 24); a.Header().Fortran || !slices.Equal(got, want) {
			t.Errorf("float32 [2 3 4]: %v, want %v", got, want)
		}
		b := open(t, "testdata/fortran_i8.npy", npy.Options{Mode: mode})
		if got, want := all(t, b), counting("i8", 6); !slices.Equal(got, want) {
			t.Errorf("int64 [3 2]: %v, want %v", got, want)
		}
	}
}

func TestScalarsVectorsAndEmptyArraysHaveRows(t *testing.T) {
	scalar := open(t, "testdata/scalar.npy", npy.Options{})
	if got := all(t, scalar); !slices.Equal(got, []float32{1.5}) {
		t.Errorf("scalar: %v", got)
	}
	long := open(t, "testdata/long.npy", npy.Options{})
	if got := all(t, long); long.RowLen() != 1 || !slices.Equal(got, counting("f4", 30)) {
		t.Errorf("vector: rows of %d, %v", long.RowLen(), got)
	}
	for _, mode := range []npy.Mode{npy.Mapped, npy.InMemory} {
		empty := open(t, "testdata/empty.npy", npy.Options{Mode: mode})
		if got := all(t, empty); empty.Rows() != 0 || empty.RowLen() != 4 || len(got) != 0 {
			t.Errorf("empty: %d rows of %d", empty.Rows(), empty.RowLen())
		}
	}
}

func TestGzipReadsLikeThePlainFile(t *testing.T) {
	plain := open(t, "testdata/f4.npy", npy.Options{Mode: npy.Mapped})
	packed := open(t, "testdata/f4.npy.gz", npy.Options{Mode: npy.Mapped})
	if !slices.Equal(all(t, plain), all(t, packed)) {
		t.Error("other values")
	}
	if plain.Fingerprint() != packed.Fingerprint() || plain.Fingerprint() == "" {
		t.Errorf("fingerprints %q and %q", plain.Fingerprint(), packed.Fingerprint())
	}
}

func TestUnitDividesBytesBy255(t *testing.T) {
	a := open(t, "testdata/u1.npy", npy.Options{Unit: true})
	for i, v := range all(t, a) {
		if v != float32(i)/255 {
			t.Errorf("byte %d is %v", i, v)
		}
	}
}

// golden reads the digest that numpy's conversion gave.
func golden(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/float16.sha256")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && f[1] == name {
			return f[0]
		}
	}
	t.Fatalf("no digest %s", name)
	return ""
}

func TestEveryFloat16IsExact(t *testing.T) {
	var raw []byte
	for h := range 1 << 16 {
		sign, exp, frac := 1-2*(h>>15), h>>10&31, h&1023
		want := math.Ldexp(float64(1024+frac), exp-25)
		if exp == 0 {
			want = math.Ldexp(float64(frac), -24)
		}
		got := npy.Float16To32(uint16(h))
		bits := math.Float32bits(got)
		switch {
		case exp == 31 && frac == 0:
			want = math.Inf(1)
		case exp == 31:
			if got == got {
				t.Fatalf("%#04x is %v, want NaN", h, got)
			}
			bits, want = 0x7fc00000, math.NaN()
		}
		if float64(got) != float64(sign)*want && got == got {
			t.Fatalf("%#04x is %v, want %v", h, got, float64(sign)*want)
		}
		if math.Signbit(float64(got)) != (sign < 0) {
			t.Fatalf("%#04x lost its sign", h)
		}
		raw = binary.LittleEndian.AppendUint32(raw, bits)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != golden(t, "all_float16_as_float32") {
		t.Error("numpy converts float16 differently")
	}
}

func TestFloat16RoundsAsNumpyDoes(t *testing.T) {
	var raw []byte
	for _, towards := range []float32{0, float32(math.Inf(-1)), float32(math.Inf(1))} {
		for h := range 1 << 16 {
			v := npy.Float16To32(uint16(h))
			if towards != 0 {
				v = math.Nextafter32(v, towards)
			}
			half := npy.Float32To16(v)
			if v != v {
				if half&0x7fff <= 0x7c00 {
					t.Fatalf("NaN became %#04x", half)
				}
				half = 0x7e00
			}
			raw = binary.LittleEndian.AppendUint16(raw, half)
		}
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != golden(t, "these_and_their_neighbours_as_float16") {
		t.Error("numpy rounds to float16 differently")
	}
}

func TestFloat16TiesGoToEven(t *testing.T) {
	for h := uint16(0); h < 0x7bff; h++ {
		low, high := npy.Float16To32(h), npy.Float16To32(h+1)
		middle := (low + high) / 2 // exact: one more bit than float16 has
		even := h + h&1
		if got := npy.Float32To16(middle); got != even {
			t.Fatalf("half way between %v and %v: %#04x, want %#04x", low, high, got, even)
		}
		if got := npy.Float32To16(math.Nextafter32(middle, 0)); got != h {
			t.Fatalf("just under the middle of %v and %v: %#04x, want %#04x", low, high, got, h)
		}
		if got := npy.Float32To16(-math.Nextafter32(middle, high)); got != 0x8000|(h+1) {
			t.Fatalf("just over the middle of %v and %v: %#04x, want %#04x", low, high, got, h+1)
		}
	}
}
