package packed_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/gotrainer/trainer/pkg/packed"
)

func cache(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	return filepath.Join(dir, "trainer", "packed")
}

func array(key string) packed.Array {
	return packed.Array{Place: "here", Key: key, DType: "u1", Shape: []int64{2, 3}}
}

func filled(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func forbidden(io.Writer) error { return errors.New("made a second time") }

func TestAnArrayIsMadeOnceAndAnewWhereItsKeyDiffers(t *testing.T) {
	dir := cache(t)
	path, made, err := array("1").Open(filled("abcdef"))
	if err != nil || !made {
		t.Fatal(made, err)
	}
	content, err := os.ReadFile(path)
	if err != nil || !bytes.HasSuffix(content, []byte("abcdef")) {
		t.Fatalf("%q, %v", content, err)
	}
	if again, made, err := array("1").Open(forbidden); err != nil || made || again != path {
		t.Errorf("opened again: %s, %v, %v", again, made, err)
	}
	other, made, err := array("2").Open(filled("ghijkl"))
	if err != nil || !made || other == path {
		t.Fatal(other, made, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old array is still there: %v", err)
	}
	elsewhere := array("1")
	elsewhere.Place = "there"
	if _, made, err := elsewhere.Open(filled("abcdef")); err != nil || !made {
		t.Fatal(made, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.npy")); len(left) != 2 {
		t.Errorf("there are %v", left)
	}
}

func TestADamagedArrayIsMadeAnew(t *testing.T) {
	cache(t)
	path, _, err := array("1").Open(filled("abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if _, made, err := array("1").Open(filled("abcdef")); err != nil || !made {
		t.Error(made, err)
	}
}

func TestWhatFailsLeavesNothing(t *testing.T) {
	dir := cache(t)
	want := errors.New("no picture")
	if _, _, err := array("1").Open(func(io.Writer) error { return want }); !errors.Is(err, want) {
		t.Error(err)
	}
	if _, _, err := array("1").Open(filled("abc")); err == nil {
		t.Error("an array that is too short was taken")
	}
	left, _ := os.ReadDir(dir)
	for _, e := range left {
		if !strings.HasSuffix(e.Name(), ".lock") {
			t.Errorf("%s is left", e.Name())
		}
	}
}

func TestTwoAtOnceMakeItOnce(t *testing.T) {
	cache(t)
	var made atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, _, err := array("1").Open(func(w io.Writer) error {
				made.Add(1)
				return filled("abcdef")(w)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
}

func TestAFolderThatCannotBeUsedIsOneSentence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", file)
	_, _, err := array("1").Open(filled("abcdef"))
	var user *packed.Error
	if !errors.As(err, &user) || !user.UserError() || !strings.Contains(err.Error(), "set XDG_CACHE_HOME to a folder with room") {
		t.Error(err)
	}
}

func TestAFullDiskIsOneSentence(t *testing.T) {
	cache(t)
	large := array("1")
	large.Shape = []int64{1 << 50}
	_, _, err := large.Open(forbidden)
	var user *packed.Error
	if !errors.As(err, &user) || !strings.Contains(err.Error(), "needs 1125899.9 GB; free some space, or set XDG_CACHE_HOME") {
		t.Error(err)
	}
	_, _, err = array("1").Open(func(io.Writer) error { return &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} })
	if !errors.As(err, &user) || !strings.Contains(err.Error(), "no space left on device; set XDG_CACHE_HOME") {
		t.Error(err)
	}
}
