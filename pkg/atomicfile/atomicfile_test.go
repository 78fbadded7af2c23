package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOldContentStaysUntilCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if _, err := f.Write([]byte("new content")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "old" {
		t.Fatalf("before Commit: %q", got)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort() // must not remove what Commit made
	if got := content(t, path); got != "new content" {
		t.Fatalf("after Commit: %q", got)
	}
	if names := list(t, dir); len(names) != 1 {
		t.Fatalf("folder holds %v", names)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o600 != 0o600 || info.Mode().Perm()&0o133 != 0 {
		t.Fatalf("mode is %v", info.Mode())
	}
	if err := f.Commit(); err == nil {
		t.Fatal("second Commit succeeded")
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("x"))
	want := fmt.Sprintf(".a.tmp-%d-", os.Getpid())
	if names := list(t, dir); len(names) != 1 || !strings.HasPrefix(names[0], want) {
		t.Fatalf("temporary file is called %v, want %s…", names, want)
	}
	f.Abort()
	f.Abort()
	if names := list(t, dir); len(names) != 0 {
		t.Fatalf("folder holds %v", names)
	}
}

func TestWriteAtDoesNotMoveTheWritePosition(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	f.Write([]byte("____56"))
	f.WriteAt([]byte("1234"), 0)
	f.Write([]byte("78"))
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "12345678" {
		t.Fatalf("got %q", got)
	}
}

// A full disk shows as a short write, then an error. Commit must not give the
// name to such a file even if the caller forgot to look.
func TestCommitRefusesAFileWithAFailedWrite(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "model.pt")
	f := &File{f: full, path: path, tmp: filepath.Join(dir, "none")}
	defer f.Abort()
	_, err = f.Write([]byte("x"))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	prefix := "write " + path + ": no space left on device ("
	suffix := " MB free); free some space or choose another output_dir"
	if s := err.Error(); !strings.HasPrefix(s, prefix) || !strings.HasSuffix(s, suffix) {
		t.Fatalf("got %q", s)
	}
	if cerr := f.Commit(); cerr != err {
		t.Fatalf("Commit: %v", cerr)
	}
	if names := list(t, dir); len(names) != 0 {
		t.Fatalf("folder holds %v", names)
	}
}

func TestErrorsNameTheFinalPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ path, want string }{
		{filepath.Join(dir, "gone", "a"), "no such file or directory"},
		{filepath.Join(file, "a"), "not a directory"},
		{dir, "is a directory"},
	}
	for _, c := range cases {
		err := WriteFile(c.path, []byte("x"))
		if err == nil || err.Error() != "write "+c.path+": "+c.want {
			t.Errorf("%s: got %v", c.want, err)
		}
	}
	if got := hint(syscall.EROFS); !strings.Contains(got, "writable") {
		t.Errorf("hint of EROFS: %q", got)
	}
}

func TestLinkSharesUntilTheNextWrite(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, w := range []struct{ path, data string }{{a, "one"}, {b, "other"}} {
		if err := WriteFile(w.path, []byte(w.data)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time both names are the same file already
		if err := Link(a, b); err != nil {
			t.Fatal(err)
		}
		if got := content(t, b); got != "one" || !sameFile(a, b) {
			t.Fatalf("b holds %q, same file: %v", got, sameFile(a, b))
		}
	}
	if err := WriteFile(a, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, b); got != "one" {
		t.Fatalf("b changed to %q", got)
	}
	if names := list(t, dir); len(names) != 2 {
		t.Fatalf("folder holds %v", names)
	}
	if err := Link(filepath.Join(dir, "gone"), b); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("link of a missing file: %v", err)
	}
}

func TestLinkCopiesWhereThereAreNoHardLinks(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	data := bytes.Repeat([]byte("0123456789"), 10_000)
	if err := WriteFile(a, data); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(a, b); err != nil {
		t.Fatal(err)
	}
	if content(t, b) != string(data) || sameFile(a, b) {
		t.Fatal("b is not a copy of a")
	}
}

func TestCheckSpaceNamesNeededAndFreeBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := CheckSpace(path, 1); err != nil {
		t.Fatal(err)
	}
	err := CheckSpace(path, 1<<62)
	var se *SpaceError
	if !errors.As(err, &se) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	want := fmt.Sprintf("needs %d bytes and the disk has %d bytes free", int64(1)<<62, se.Free)
	if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("got %q", err)
	}
}

func TestRemoveStaleKeepsWhatLives(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	dead := fmt.Sprintf(".m.pt.tmp-%d-0123abcd", cmd.Process.Pid)
	living := fmt.Sprintf(".m.pt.tmp-%d-0123abcd", os.Getpid())
	dir := t.TempDir()
	for _, name := range []string{dead, living, "m.pt", ".m.pt.tmp-x-0123abcd", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := RemoveStale(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(removed) != 1 || removed[0] != dead {
		t.Fatalf("removed %v, want %s", removed, dead)
	}
	if names := list(t, dir); len(names) != 4 {
		t.Fatalf("folder holds %v", names)
	}
}
