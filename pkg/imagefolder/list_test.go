package imagefolder_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/imagefolder"
)

func wantSentence(t *testing.T, err error, wants ...string) {
	t.Helper()
	var user interface{ UserError() bool }
	if err == nil || !errors.As(err, &user) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("no sentence for the user: %v", err)
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nshould contain %q", err, want)
		}
	}
}

func TestClassesAreFoldersInTheOrderOfTheirNames(t *testing.T) {
	list, err := imagefolder.List("testdata/pictures")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var classes []int
	for _, f := range list.Files {
		names, classes = append(names, f.Name), append(classes, f.Class)
	}
	if want := []string{"birds/a.png", "birds/c.JPG", "birds/deep/b.webp", "cats/d.png", "cats/e.png", "cats/f.jpeg", "dogs/g.png"}; !slices.Equal(names, want) {
		t.Errorf("files %v", names)
	}
	if !slices.Equal(classes, []int{0, 0, 0, 1, 1, 1, 2}) || !slices.Equal(list.Classes, []string{"birds", "cats", "dogs"}) {
		t.Errorf("classes %v of %v", classes, list.Classes)
	}
	flat, err := imagefolder.List("testdata/pictures/cats")
	if err != nil || flat.Classes != nil || len(flat.Files) != 3 {
		t.Errorf("a flat folder: %+v, %v", flat, err)
	}
}

func TestFoldersThatAreNoDataSetAreOneSentence(t *testing.T) {
	put := func(dir, name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"empty":         {nil, []string{"holds no pictures; expected PNG, JPEG or WebP"}},
		"other files":   {[]string{"readme.txt", ".hidden.png"}, []string{"holds no pictures"}},
		"empty class":   {[]string{"a/x.png", "b/readme.txt"}, []string{"/b holds no pictures, so its class has no samples"}},
		"mixed":         {[]string{"x.png", "a/y.png"}, []string{"pictures (x.png) and folders of pictures (a)"}},
		"kind not read": {[]string{"a/x.png", "a/y.TIFF"}, []string{"a/y.TIFF: pictures of this kind are not read; convert it"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range c.files {
				put(dir, f, "x")
			}
			_, err := imagefolder.List(dir)
			wantSentence(t, err, append(c.want, dir)...)
		})
	}
	_, err := imagefolder.List(filepath.Join(t.TempDir(), "none"))
	wantSentence(t, err, "cannot be listed: no such file or directory")
	loop := t.TempDir()
	put(loop, "a/x.png", "x")
	if err := os.Symlink("..", filepath.Join(loop, "a", "up")); err != nil {
		t.Fatal(err)
	}
	_, err = imagefolder.List(loop)
	wantSentence(t, err, "folders deep; a link in it may lead back")
	if err := os.Remove(filepath.Join(loop, "a", "up")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("gone", filepath.Join(loop, "a", "y.png")); err != nil {
		t.Fatal(err)
	}
	_, err = imagefolder.List(loop)
	wantSentence(t, err, "a/y.png cannot be read: no such file")
}

// claim is a PNG whose header claims the given size.
func claim(w, h uint32) []byte {
	head := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	head = append(head, 8, 0, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func TestACorruptPictureIsNamed(t *testing.T) {
	whole, err := os.ReadFile("testdata/pictures/birds/c.JPG")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
		check   bool // its header shows it
	}{
		"empty":    {nil, "cannot be decoded as PNG, JPEG or WebP", true},
		"text":     {[]byte("hello"), "cannot be decoded", true},
		"cut":      {whole[:len(whole)/2], "cannot be decoded", false},
		"enormous": {claim(1<<20, 1<<20), "claims to be 1048576 by 1048576 pixels", false},
		"narrow":   {claim(1, 1<<20), "no side more than 256 times the other", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			savePNG(t, filepath.Join(dir, "a", "0.png"), image.NewGray(image.Rect(0, 0, 9, 9)))
			path := filepath.Join(dir, "b", "1.jpg")
			savePNG(t, filepath.Join(dir, "b", "2.png"), image.NewGray(image.Rect(0, 0, 9, 9)))
			if err := os.WriteFile(path, c.content, 0o644); err != nil {
				t.Fatal(err)
			}
			list, err := imagefolder.List(dir)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			wantSentence(t, list.Pack(&out, imagefolder.Options{Size: 16}), path, c.want)
			if err := list.Check(); (err != nil) != c.check {
				t.Errorf("Check: %v", err)
			}
		})
	}
}

func TestKeyAndDigestTellWhatChanged(t *testing.T) {
	dir := t.TempDir()
	at := func() (key, digest string) {
		list, err := imagefolder.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		return list.Key(), list.Digest()
	}
	path := filepath.Join(dir, "a.png")
	savePNG(t, path, image.NewGray(image.Rect(0, 0, 8, 8)))
	key, digest := at()
	if k, d := at(); k != key || d != digest {
		t.Error("the same folder has another key")
	}
	if err := os.Chtimes(path, time.Time{}, time.Unix(7, 0)); err != nil {
		t.Fatal(err)
	}
	touched, same := at()
	if touched == key || same != digest {
		t.Error("a written file has the same key, or another digest")
	}
	savePNG(t, filepath.Join(dir, "b.png"), image.NewGray(image.Rect(0, 0, 8, 8)))
	if k, d := at(); k == touched || d == digest {
		t.Error("another file changes nothing")
	}
}
