package imagefolder_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/imagefolder"
)

// The pixels are those of PIL, within rounding.
func TestPixelsAreThoseOfPIL(t *testing.T) {
	list, err := imagefolder.List("testdata/pictures")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		grey bool
	}{{"RGB.npy", false}, {"L.npy", true}} {
		o := imagefolder.Options{Size: 12, Grey: c.grey}
		content, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		row := o.Channels() * 12 * 12
		want := content[len(content)-row*len(list.Files):]
		var got bytes.Buffer
		if err := list.Pack(&got, o); err != nil {
			t.Fatal(err)
		}
		if got.Len() != len(want) {
			t.Fatalf("%d bytes, want %d", got.Len(), len(want))
		}
		for i, f := range list.Files {
			a, b := got.Bytes()[i*row:(i+1)*row], want[i*row:(i+1)*row]
			most, sum := 0, 0
			for k := range a {
				d := max(int(a[k]), int(b[k])) - min(int(a[k]), int(b[k]))
				most, sum = max(most, d), sum+d
			}
			t.Logf("%s %s: differs by at most %d of 255, on average %.3f", c.file, f.Name, most, float64(sum)/float64(row))
			if most > 1 {
				t.Errorf("%s differs by %d of 255", f.Name, most)
			}
		}
	}
}

func savePNG(t *testing.T, path string, m image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheOrderOfPicturesIsThatOfTheListing(t *testing.T) {
	dir := t.TempDir()
	for i := range 200 {
		m := image.NewGray(image.Rect(0, 0, 8, 8))
		for k := range m.Pix {
			m.Pix[k] = byte(i)
		}
		savePNG(t, filepath.Join(dir, string(rune('a'+i/26))+string(rune('a'+i%26))+".png"), m)
	}
	list, err := imagefolder.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := list.Pack(&got, imagefolder.Options{Size: 8, Grey: true}); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if p := got.Bytes()[i*64 : (i+1)*64]; p[0] != byte(i) || p[63] != byte(i) {
			t.Fatalf("picture %d has the pixels %v", i, p)
		}
	}
}

func TestTransparentPixelsAreBlack(t *testing.T) {
	dir := t.TempDir()
	m := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	for y := range 8 {
		for x := range 8 {
			m.SetNRGBA(x, y, color.NRGBA{200, 100, 50, byte(255 * (x / 4))})
		}
	}
	savePNG(t, filepath.Join(dir, "x.png"), m)
	list, err := imagefolder.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := list.Pack(&got, imagefolder.Options{Size: 8}); err != nil {
		t.Fatal(err)
	}
	if row := got.Bytes()[:8]; !slices.Equal(row, []byte{0, 0, 0, 0, 200, 200, 200, 200}) {
		t.Errorf("red of the first row is %v", row)
	}
}
