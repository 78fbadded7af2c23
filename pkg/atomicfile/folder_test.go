package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
)

// fill writes one file into a folder that is not committed yet.
func fill(t *testing.T, path, name, content string) *Folder {
	t.Helper()
	f, err := CreateFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := f.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return f
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestAFolderAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	f := fill(t, path, "a", "one")
	if _, err := os.Lstat(path); err == nil {
		t.Error("the folder is there before Commit")
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if got, err := os.ReadFile(filepath.Join(path, "a")); string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if err := fill(t, path, "b", "two").Commit(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, path); len(got) != 1 || got[0] != "b" {
		t.Errorf("the folder that replaced it has %v", got)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("beside it are %v", got)
	}
}

func TestAnAbortedFolderLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := fill(t, path, "a", "one").Commit(); err != nil {
		t.Fatal(err)
	}
	f := fill(t, path, "b", "two")
	f.Abort()
	if err := f.Commit(); err == nil {
		t.Error("committed after Abort")
	}
	if got := names(t, path); len(got) != 1 || got[0] != "a" {
		t.Errorf("the old folder has %v", got)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("beside it are %v", got)
	}
}

// A killed process' folder goes with the next one of its name; that of a living one stays.
func TestWhatAKilledProcessLeftOfAFolderIsRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".out.tmp-999999999-00000000", ".out.tmp-1-00000000", ".other.tmp-999999999-00000000"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := fill(t, filepath.Join(dir, "out"), "a", "one").Commit(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 3 || got[0] != ".other.tmp-999999999-00000000" || got[1] != ".out.tmp-1-00000000" {
		t.Errorf("in the folder are %v", got)
	}
}
