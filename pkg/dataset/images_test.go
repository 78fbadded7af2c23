package dataset_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

// picture writes a grey PNG of 16 by 16 pixels of one value.
func picture(t *testing.T, path string, value byte) {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range m.Pix {
		m.Pix[i] = value
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	put(t, path, b.Bytes())
}

func pictures(t *testing.T, root string) string {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	picture(t, filepath.Join(root, "cat/1.png"), 51)
	picture(t, filepath.Join(root, "cat/2.png"), 102)
	picture(t, filepath.Join(root, "dog/1.png"), 255)
	return root
}

func TestAFolderOfPicturesIsADataSet(t *testing.T) {
	dir := pictures(t, filepath.Join(t.TempDir(), "p"))
	var told []string
	spec := dataset.Spec{Source: "images", Path: dir, ImageSize: 8, Split: whole, Notify: func(s string) { told = append(told, s) }}
	for _, mode := range []string{"auto", "false"} {
		spec.InMemory = mode
		d := open(t, spec)
		x := readAll(t, d.Train, 3*8*8)
		if !slices.Equal(d.Shape, []int64{3, 8, 8}) || x[0] != 0.2 || x[192] != 0.4 || x[2*192+191] != 1 {
			t.Errorf("shape %v, values %v %v %v", d.Shape, x[0], x[192], x[2*192+191])
		}
		if got := readLabels(t, d.Train, 1); !slices.Equal(got, []float32{0, 0, 1}) || d.Classes != 2 || !slices.Equal(d.ClassNames, []string{"cat", "dog"}) {
			t.Errorf("labels %v of %d classes %v", got, d.Classes, d.ClassNames)
		}
		if _, _, ok := d.Train.Affine(); !ok {
			t.Error("the samples are no bytes")
		}
	}
	if len(told) != 2 || !strings.HasPrefix(told[0], "decoding 3 images of "+dir) {
		t.Errorf("told %q, want one decoding", told)
	}
	spec.Channels = "grey"
	if d := open(t, spec); !slices.Equal(d.Shape, []int64{1, 8, 8}) || readAll(t, d.Train, 64)[64] != 0.4 {
		t.Errorf("grey: shape %v", d.Shape)
	}
	flat := open(t, dataset.Spec{Source: "images", Path: filepath.Join(dir, "cat"), Split: whole})
	if flat.LabelShape != nil || !slices.Equal(flat.Shape, []int64{3, 64, 64}) {
		t.Errorf("flat: labels %v, shape %v", flat.LabelShape, flat.Shape)
	}
}

func TestAChangedFolderIsDecodedAnewAndIsOtherData(t *testing.T) {
	dir := pictures(t, filepath.Join(t.TempDir(), "p"))
	spec := dataset.Spec{Source: "images", Path: dir, ImageSize: 8, Split: whole}
	before := open(t, spec)
	picture(t, filepath.Join(dir, "dog/2.png"), 0)
	after := open(t, spec)
	if after.Train.Len() != 4 || readAll(t, after.Train, 192)[3*192] != 0 || before.Fingerprint == after.Fingerprint {
		t.Errorf("%d samples", after.Train.Len())
	}
	if x := readAll(t, before.Train, 192); x[2*192] != 1 {
		t.Errorf("the data that were open read %v", x[2*192])
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	spec.Path = copied
	if d := open(t, spec); d.Fingerprint != after.Fingerprint {
		t.Error("a copy of the folder is other data")
	}
}

func TestFoldersOfSplitsShareTheirClasses(t *testing.T) {
	root := t.TempDir()
	train := pictures(t, filepath.Join(root, "train"))
	val := filepath.Join(root, "val")
	picture(t, filepath.Join(val, "dog/1.png"), 9)
	d := open(t, dataset.Spec{Source: "images", Train: train, Val: val, ImageSize: 8})
	if got := readLabels(t, d.Val, 1); !slices.Equal(got, []float32{1}) || d.Classes != 2 {
		t.Errorf("labels %v of %d classes", got, d.Classes)
	}
	picture(t, filepath.Join(val, "emu/1.png"), 9)
	openError(t, dataset.Spec{Source: "images", Train: train, Val: val, ImageSize: 8}, val+` has the class "emu", which is not in `+train)
	// Other data for a trained model have the numbers that its own classes had.
	only := filepath.Join(root, "only")
	picture(t, filepath.Join(only, "dog/1.png"), 9)
	spec := dataset.Spec{Source: "images", Path: only, ImageSize: 8, Split: whole, Classes: d.ClassNames}
	if got := readLabels(t, open(t, spec).Train, 1); !slices.Equal(got, []float32{1}) {
		t.Errorf("labels of other data %v", got)
	}
	spec.Path = val
	openError(t, spec, `has the class "emu", which is not in the model's training data`)
	flat := filepath.Join(root, "flat")
	picture(t, filepath.Join(flat, "1.png"), 9)
	openError(t, dataset.Spec{Source: "images", Train: train, Val: flat, ImageSize: 8}, "only one has labels")
	openError(t, dataset.Spec{Source: "images", Train: flat, Val: train, ImageSize: 8}, "only one has labels")
}

func TestWrongPicturesAreOneSentence(t *testing.T) {
	dir := pictures(t, filepath.Join(t.TempDir(), "p"))
	spec := dataset.Spec{Source: "images", Path: dir}
	spec.Labels.Path = dir
	openError(t, spec, "data.labels", "the labels of images are their folders")
	spec.Labels.Path = ""
	spec.Channels = "rgba"
	openError(t, spec, `data.channels: found "rgba", expected rgb or grey`)
	spec.Channels = ""
	wrong := put(t, filepath.Join(dir, "dog/3.jpg"), []byte("none"))
	openError(t, spec, wrong, "cannot be decoded")
	openError(t, dataset.Spec{Source: "images", Path: dir + "s"}, "does not exist; did you mean "+dir)
}

// Describe tells what Open does and reads no samples.
func TestADescriptionHasTheSizesAndReadsNothing(t *testing.T) {
	dir := pictures(t, filepath.Join(t.TempDir(), "p"))
	cache := os.Getenv("XDG_CACHE_HOME")
	array := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{10, 4}, ramp(40))
	packed := put(t, filepath.Join(t.TempDir(), "x.npy.gz"), zipped(content(t, array)))
	half := dataset.Fractions{Train: 0.5, Val: 0.5}
	for _, spec := range []dataset.Spec{
		{Source: "images", Path: dir, ImageSize: 8, Split: half},
		{Source: "npy", Path: array, Split: half, Normalize: "standard"},
		{Source: "npy", Path: packed, Split: half},
		{Source: "safetensors", Path: put(t, filepath.Join(t.TempDir(), "x.st"), tensorFile("F16")), LabelArrays: []string{"y"}, Split: half},
	} {
		d, err := dataset.Describe(spec)
		if err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(cache); len(left) > 0 {
			t.Errorf("%s: the description has filled the cache", spec.Source)
		}
		want := open(t, spec)
		if !slices.Equal(d.Shape, want.Shape) || !slices.Equal(d.LabelShape, want.LabelShape) || d.Classes != want.Classes || d.Train.Len() != want.Train.Len() || d.Val.Len() != want.Val.Len() {
			t.Errorf("%s: described as %+v, is %+v", spec.Source, d, want)
		}
		if err := d.Train.Read(make([]float32, len(readAll(t, want.Train, int(product(d.Shape))))), upTo(d.Train.Len())); err == nil {
			t.Errorf("%s: samples of a description were read", spec.Source)
		}
		os.RemoveAll(filepath.Join(cache, "trainer"))
	}
}

func product(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}
