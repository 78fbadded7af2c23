package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestNamesThatAreNoFolderNamesAreRefused(t *testing.T) {
	base := filepath.Join(t.TempDir(), "vae")
	for _, name := range []string{"", ".", "..", ".hidden", "a/b", "/abs", "../up", "a b", "a\nb", "naïve", "a*", strings.Repeat("x", 201)} {
		_, err := Begin(Options{OutputDir: base, Name: name})
		wantMistake(t, err, "experiment.name")
	}
	if exists(base) {
		t.Error("a refused name made the output directory")
	}
	for _, name := range []string{"baseline", "high_beta_1.5", "2024_01_15_experiment_01", "-x", "a.new-12", strings.Repeat("x", 200)} {
		if err := CheckName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := Begin(Options{Name: "a"})
	wantMistake(t, err, "experiment.output_dir is empty")
	_, err = Begin(Options{Name: "a", OutputDir: t.TempDir(), OnExists: "append"})
	wantMistake(t, err, `experiment.on_exists is "append"; use overwrite, timestamp, resume or error`)
}

func TestOutputDirThatIsAFileIsNamed(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "vae")
	put(t, file, "x")
	_, err := Begin(options(file, Overwrite))
	wantMistake(t, err, file, "is not a folder; choose another experiment.output_dir")
	_, err = Begin(options(filepath.Join(file, "deep", "er"), Overwrite))
	wantMistake(t, err, file+" is a file, not a folder; choose another experiment.output_dir")
	if err := os.Symlink("nowhere", filepath.Join(root, "broken")); err != nil {
		t.Fatal(err)
	}
	_, err = Begin(options(filepath.Join(root, "broken"), Overwrite))
	wantMistake(t, err, "broken is not a folder")
	wantNames(t, root, "broken", "vae")
}

func TestExperimentThatIsAFileOrALinkIsNotReplaced(t *testing.T) {
	base := t.TempDir()
	put(t, filepath.Join(base, "baseline"), "a file")
	_, err := Begin(options(base, Overwrite))
	wantMistake(t, err, "baseline is a file, not a folder; move it away or choose another experiment.name")
	wantTree(t, base, "baseline=a file")

	base, elsewhere := t.TempDir(), t.TempDir()
	putRun(t, elsewhere, "old")
	final := filepath.Join(base, "baseline")
	if err := os.Symlink(elsewhere, final); err != nil {
		t.Fatal(err)
	}
	_, err = Begin(options(base, Overwrite))
	wantMistake(t, err, "baseline is a symbolic link, which overwriting would replace")
	wantTree(t, elsewhere, runTree("", "old"))
	if r := begin(t, options(base, Resume)); !r.Resuming() || r.Dir() != final {
		t.Errorf("resuming %v in %s, want true in %s", r.Resuming(), r.Dir(), final)
	}

	base = t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(base, "baseline")); err != nil {
		t.Fatal(err)
	}
	_, err = Begin(options(base, Overwrite))
	wantMistake(t, err, "baseline is a symbolic link that leads nowhere")
}

func TestFileSystemErrorsAreSentences(t *testing.T) {
	tests := []struct {
		cause error
		user  bool
		says  string
	}{
		{syscall.EROFS, true, "make /x/y: the file system is read-only; choose another experiment.output_dir"},
		{syscall.EACCES, true, "make /x/y: permission denied; make the folder writable or choose another experiment.output_dir"},
		{syscall.EPERM, true, "make /x/y: operation not permitted; make the folder writable"},
		{syscall.ENAMETOOLONG, true, "make /x/y: the path is too long; choose a shorter"},
		{syscall.ENOSPC, false, "make /x/y: no space left on device; free some space or choose another experiment.output_dir"},
		{syscall.EDQUOT, false, "make /x/y: disk quota exceeded; free some space"},
		{syscall.EIO, false, "make /x/y: input/output error"},
	}
	for _, tt := range tests {
		err := explain("make", "/x/y", &os.PathError{Op: "mkdir", Path: "/x/y", Err: tt.cause})
		var user *Error
		if errors.As(err, &user) != tt.user || !strings.HasPrefix(err.Error(), tt.says) || !errors.Is(err, tt.cause) {
			t.Errorf("%v: error %q (user's: %v), want %q (%v)", tt.cause, err, !tt.user, tt.says, tt.user)
		}
	}
	if explain("make", "/x", nil) != nil {
		t.Error("no error became one")
	}
}
