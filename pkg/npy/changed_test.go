package npy_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/npy"
)

// mapFile writes rows x 1024 float32 ones and maps them.
func mapFile(t *testing.T, rows int64) (string, *npy.Array) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	ones := make([]float32, rows*1024)
	for i := range ones {
		ones[i] = 1
	}
	write(t, path, "f4", []int64{rows, 1024}, ones)
	return path, open(t, path, npy.Options{Mode: npy.Mapped})
}

func wantChanged(t *testing.T, err error, path, want string) {
	t.Helper()
	var changed *npy.ChangedError
	if !errors.As(err, &changed) || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a ChangedError with %q", err, want)
	}
	if isUserError(err) {
		t.Error("a file that changes under a run is not the user's mistake")
	}
}

func TestAFileCutWhileMappedIsAnErrorNotASignal(t *testing.T) {
	path, a := mapFile(t, 100)
	if err := os.Truncate(path, 50*4096); err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 2048)
	wantChanged(t, a.Gather(dst, []int{0, 99}, nil), path, "cut off")
	wantChanged(t, a.Gather(dst, []int{0, 1}, nil), path, "cut to 204800 bytes")
}

// Rows that follow one another are read from the file itself once they are many.
func TestALongRunIsReadFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	want := make([]float32, 100*1024)
	for i := range want {
		want[i] = float32(i)
	}
	write(t, path, "f4", []int64{100, 1024}, want)
	a := open(t, path, npy.Options{Mode: npy.Mapped})
	rows := make([]int, 60)
	for i := range rows {
		rows[i] = 10 + i
	}
	got := make([]float32, 60*1024)
	if err := a.Gather(got, rows, nil); err != nil || !slices.Equal(got, want[10*1024:70*1024]) {
		t.Errorf("err %v, the first number %v, want %v", err, got[0], want[10*1024])
	}
	rows[59] = 99 // no run any more
	if err := a.Gather(got, rows, nil); err != nil || !slices.Equal(got[59*1024:], want[99*1024:]) {
		t.Errorf("err %v, the last row begins with %v, want %v", err, got[59*1024], want[99*1024])
	}
	index := make([]int64, 60)
	for i := range index {
		index[i], rows[i] = int64(40+i), i
	}
	if err := a.Gather(got, rows, index); err != nil || !slices.Equal(got, want[40*1024:]) {
		t.Errorf("with an index: err %v, the first number %v, want %v", err, got[0], want[40*1024])
	}
	if err := os.Truncate(path, 90*4096); err != nil {
		t.Fatal(err)
	}
	wantChanged(t, a.Gather(got, rows, index), path, "cut to 368640 bytes")
}

func TestTheFaultGuardIsPerCall(t *testing.T) {
	path, a := mapFile(t, 100)
	other, b := mapFile(t, 4)
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 4 {
		go func() { done <- a.Gather(make([]float32, 1024), []int{99}, nil) }()
	}
	for range 4 {
		wantChanged(t, <-done, path, "cut off")
	}
	if err := b.Gather(make([]float32, 1024), []int{3}, nil); err != nil {
		t.Errorf("%s: %v", other, err)
	}
}

// A cut inside the last page gives no fault: the rest of the page reads as zeros.
func TestACutInsideTheLastPageIsNoticed(t *testing.T) {
	path, a := mapFile(t, 1)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-4); err != nil {
		t.Fatal(err)
	}
	wantChanged(t, a.Gather(make([]float32, 1024), []int{0}, nil), path, "cut to")
}

func TestAFileWrittenToWhileMappedIsNoticedAndATouchIsNot(t *testing.T) {
	path, a := mapFile(t, 8)
	dst := make([]float32, 1024)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if err := a.Gather(dst, []int{7}, nil); err != nil {
		t.Errorf("after a touch: %v", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1, 2, 3, 4}, 5000); err != nil {
		t.Fatal(err)
	}
	wantChanged(t, a.Gather(dst, []int{7}, nil), path, "written to")
}

func TestAReplacedFileStaysAsItWas(t *testing.T) {
	path, a := mapFile(t, 2)
	write(t, path, "f4", []int64{1}, []float32{7})
	dst := make([]float32, 2048)
	if err := a.Gather(dst, []int{0, 1}, nil); err != nil || slices.Max(dst) != 1 {
		t.Errorf("%v, values up to %v", err, slices.Max(dst))
	}
}

func TestGatherRefusesRowsThatAreNotThere(t *testing.T) {
	_, a := mapFile(t, 2)
	dst := make([]float32, 1024)
	for _, rows := range [][]int{{2}, {-1}} {
		if err := a.Gather(dst, rows, nil); err == nil || !strings.Contains(err.Error(), "there are 2") {
			t.Errorf("rows %v: %v", rows, err)
		}
	}
	for _, index := range [][]int64{{0}, {0, 5}, {0, -5}} {
		if err := a.Gather(dst, []int{1}, index); err == nil {
			t.Errorf("index %v: no error", index)
		}
	}
	if err := a.Gather(dst, []int{0, 1}, nil); err == nil {
		t.Error("a buffer that is too small was accepted")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Gather(dst, []int{0}, nil); err == nil {
		t.Error("reading after Close")
	}
	if err := a.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestFingerprintsTellContentsApart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	const rows = 5 << 10 // 20 MiB: sampled, not read whole
	v := make([]float32, rows*1024)
	print := func() string {
		write(t, path, "f4", []int64{rows, 1024}, v)
		mapped := open(t, path, npy.Options{Mode: npy.Mapped}).Fingerprint()
		if read := open(t, path, npy.Options{Mode: npy.InMemory}).Fingerprint(); read != mapped {
			t.Error("mapped and read differ")
		}
		return mapped
	}
	first := print()
	if print() != first {
		t.Error("the same content, another fingerprint")
	}
	for _, at := range []int{0, len(v) - 1} {
		v[at] = 1
		if print() == first {
			t.Errorf("element %d does not count", at)
		}
		v[at] = 0
	}
}
