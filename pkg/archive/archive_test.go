package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// folder is one with everything that a run may have.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a")
	put(t, filepath.Join(dir, "config.yaml"), "x: 1\n", 0o640)
	put(t, filepath.Join(dir, "checkpoints", "best_model.pt"), strings.Repeat("weights", 5000), 0o644)
	put(t, filepath.Join(dir, "notes", "back\\slash\nline.txt"), "mine", 0o600)
	put(t, filepath.Join(dir, "run.sh"), "#!/bin/sh\n", 0o755)
	put(t, filepath.Join(dir, "empty.txt"), "", 0o444)
	for _, err := range []error{
		os.Link(filepath.Join(dir, "checkpoints", "best_model.pt"), filepath.Join(dir, "checkpoints", "last_model.pt")),
		os.Symlink("checkpoints/best_model.pt", filepath.Join(dir, "best")),
		os.Mkdir(filepath.Join(dir, "nothing"), 0o750),
		os.Chtimes(filepath.Join(dir, "config.yaml"), time.Time{}, time.Unix(1_600_000_000, 123_456_789)),
		os.Chtimes(filepath.Join(dir, "checkpoints"), time.Time{}, time.Unix(1_500_000_000, 5)),
		os.Chmod(filepath.Join(dir, "notes"), 0o500),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "notes"), 0o700) })
	return dir
}

// state is every entry below dir with its mode, time and content.
func state(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		fmt.Fprintf(&b, "%q %v %d", rel, info.Mode(), info.ModTime().UnixNano())
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %q", text)
		} else if link, err := os.Readlink(path); err == nil {
			fmt.Fprintf(&b, " -> %s", link)
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func silent(int64) {}

func packed(t *testing.T, dir, extension string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a"+extension)
	if err := Pack(dir, "a", file, silent); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWhatIsRestoredIsExactlyWhatWasPacked(t *testing.T) {
	for _, extension := range Extensions {
		dir := folder(t)
		file := packed(t, dir, extension)
		var last int64
		found, err := Verify(file, func(n int64) { last = n })
		if err != nil || found.Name != "a" || found.Files != 6 || found.Bytes != 35019 || last != found.Bytes {
			t.Fatalf("%s: %+v, %v, progress %d", extension, found, err, last)
		}
		to := filepath.Join(t.TempDir(), "b")
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Unpack(file, to, silent); err != nil {
			t.Fatal(err)
		}
		if got, want := state(t, to), state(t, dir); got != want {
			t.Errorf("%s: restored\n%swant\n%s", extension, got, want)
		}
		best, _ := os.Stat(filepath.Join(to, "checkpoints", "best_model.pt"))
		second, _ := os.Stat(filepath.Join(to, "checkpoints", "last_model.pt"))
		if !os.SameFile(best, second) {
			t.Error("two names of one file became two files")
		}
	}
}

func TestOtherProgramsReadTheArchive(t *testing.T) {
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip(err)
	}
	file, to := packed(t, folder(t), ".tar.gz"), t.TempDir()
	for _, args := range [][]string{{"tar", "-xzf", file}, {"sha256sum", "--strict", "-c", "a.sha256"}} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = to
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestEveryDamageIsToldWithTheArchivesName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	put(t, filepath.Join(dir, "config.yaml"), "experiment: {name: a}\n", 0o644)
	put(t, filepath.Join(dir, "checkpoints", "best_model.pt"), strings.Repeat("weights", 50), 0o644)
	for _, extension := range []string{".tar.zst", ".tar.gz"} {
		file := packed(t, dir, extension)
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			for _, broken := range [][]byte{whole[:i], flipped(whole, i)} {
				put(t, file, string(broken), 0o644)
				if _, err := Verify(file, silent); err == nil {
					sameContent(t, file, dir) // such as bits of the time in a gzip header
				} else if e, ok := err.(*Error); !ok || e.Path != file {
					t.Fatalf("%s, byte %d: %v", extension, i, err)
				}
			}
		}
	}
}

// sameContent holds that an archive restores exactly the folder.
func sameContent(t *testing.T, file, dir string) {
	t.Helper()
	to := t.TempDir()
	if _, err := Unpack(file, to, silent); err != nil {
		t.Fatal(err)
	}
	if got, want := state(t, to), state(t, dir); got != want {
		t.Fatalf("restored\n%swant\n%s", got, want)
	}
}

func flipped(b []byte, i int) []byte {
	out := bytes.Clone(b)
	out[i] ^= 0x40
	return out
}

// tampered writes a gzip archive of the given members, with a right list of checksums
// for an empty file list.
func tampered(t *testing.T, members ...tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range members {
		if h.Typeflag == tar.TypeReg && h.Size == 0 {
			h.Size = 1
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size == 1 {
			w.Write([]byte("x"))
		}
	}
	w.Close()
	z.Close()
	path := filepath.Join(t.TempDir(), "evil.tar.gz")
	put(t, path, b.String(), 0o644)
	return path
}

func TestTricksAreRefused(t *testing.T) {
	top := tar.Header{Name: "a/", Typeflag: tar.TypeDir, Mode: 0o755}
	file := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644} }
	link := func(name, to string, kind byte) tar.Header {
		return tar.Header{Name: name, Linkname: to, Typeflag: kind, Mode: 0o777}
	}
	for name, c := range map[string]struct {
		members []tar.Header
		phrase  string
	}{
		"out by dots":        {[]tar.Header{top, file("a/../../evil")}, "lies outside"},
		"absolute":           {[]tar.Header{top, file("/tmp/evil")}, "lies outside"},
		"beside":             {[]tar.Header{top, file("b/evil")}, "lies outside"},
		"unclean":            {[]tar.Header{top, file("a/./evil")}, "lies outside"},
		"top is a file":      {[]tar.Header{file("a")}, "begins with"},
		"top is dots":        {[]tar.Header{{Name: "../", Typeflag: tar.TypeDir}}, "begins with"},
		"top is deep":        {[]tar.Header{{Name: "a/b/", Typeflag: tar.TypeDir}}, "begins with"},
		"link out":           {[]tar.Header{top, link("a/l", "../../etc", tar.TypeSymlink)}, "symbolic link out of the folder"},
		"absolute link":      {[]tar.Header{top, link("a/l", "/etc", tar.TypeSymlink)}, "symbolic link out of the folder"},
		"through a link":     {[]tar.Header{top, link("a/l", "b", tar.TypeSymlink), file("a/l/evil")}, ""},
		"hard link out":      {[]tar.Header{top, link("a/l", "/etc/passwd", tar.TypeLink)}, "no file before it"},
		"hard link to later": {[]tar.Header{top, link("a/l", "a/f", tar.TypeLink), file("a/f")}, "no file before it"},
		"device":             {[]tar.Header{top, {Name: "a/dev", Typeflag: tar.TypeChar}}, "neither a file"},
		"pipe":               {[]tar.Header{top, {Name: "a/fifo", Typeflag: tar.TypeFifo}}, "neither a file"},
		"twice":              {[]tar.Header{top, file("a/f"), file("a/f")}, "comes twice"},
		"no folder":          {[]tar.Header{top, file("a/b/f")}, "comes before its folder"},
		"no list":            {[]tar.Header{top, file("a/f")}, "list of checksums is missing"},
		"nothing":            {nil, "list of checksums is missing"},
	} {
		path := tampered(t, c.members...)
		base := t.TempDir()
		to := filepath.Join(base, "to")
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Unpack(path, to, silent)
		if err == nil || !strings.Contains(err.Error(), c.phrase) {
			t.Errorf("%s: %v, want %q", name, err, c.phrase)
		}
		if entries, _ := os.ReadDir(base); len(entries) != 1 {
			t.Errorf("%s: something was written outside", name)
		}
	}
}

func TestAContentThatIsNotListedAsItIsIsTold(t *testing.T) {
	dir := folder(t)
	file := packed(t, dir, ".tar.gz")
	in, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, _ := gzip.NewReader(bytes.NewReader(in))
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(bytes.Replace(plain.Bytes(), []byte("x: 1\n"), []byte("x: 2\n"), 1))
	w.Close()
	put(t, file, out.String(), 0o644)
	if _, err := Verify(file, silent); err == nil || !strings.Contains(err.Error(), "damaged in a/config.yaml") {
		t.Errorf("%v, want the file's name", err)
	}
}

func TestPackRefusesWhatItCannotRestore(t *testing.T) {
	for name, c := range map[string]struct {
		change func(dir string) error
		phrase string
	}{
		"link out":      {func(dir string) error { return os.Symlink("/etc", filepath.Join(dir, "l")) }, "symbolic link out of the folder"},
		"link above":    {func(dir string) error { return os.Symlink("../../x", filepath.Join(dir, "l")) }, "symbolic link out of the folder"},
		"pipe":          {func(dir string) error { return exec.Command("mkfifo", filepath.Join(dir, "p")).Run() }, "neither a file"},
		"archive there": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "..", "a.tar.zst"), nil, 0o644) }, "exists"},
	} {
		dir := folder(t)
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "..", "a.tar.zst")
		before, _ := os.ReadDir(filepath.Dir(dir))
		err := Pack(dir, "a", file, silent)
		if e, ok := err.(*Error); !ok || !e.UserError() || !strings.Contains(err.Error(), c.phrase) {
			t.Errorf("%s: %v, want %q", name, err, c.phrase)
		}
		if after, _ := os.ReadDir(filepath.Dir(dir)); len(after) != len(before) {
			t.Errorf("%s: something was left", name)
		}
	}
	if err := Pack(folder(t), "a", filepath.Join(t.TempDir(), "a.zip"), silent); err == nil || !strings.Contains(err.Error(), ".tar.zst") {
		t.Errorf("a.zip: %v", err)
	}
}

func TestWhatIsNoArchiveIsTold(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "x.tar.zst"), "no archive", 0o644)
	put(t, filepath.Join(dir, "e.tar.zst"), "", 0o644)
	for name, phrase := range map[string]string{"x.tar.zst": "neither zstd nor gzip", "e.tar.zst": "neither zstd nor gzip", "no.tar.zst": "no such file", ".": "is not a file"} {
		if _, err := Verify(filepath.Join(dir, name), silent); err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("%s: %v, want %q", name, err, phrase)
		}
	}
}
