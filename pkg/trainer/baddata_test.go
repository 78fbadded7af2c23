package trainer

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"github.com/gotrainer/trainer/pkg/npy"
)

// array writes a float32 array of 0, 1/n, 2/n, … or of one value.
func (s *site) array(path string, shape ...int64) {
	s.t.Helper()
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i) / float32(n)
	}
	s.arrayOf(path, "f4", values, shape...)
}

func (s *site) arrayOf(path, dtype string, values []float32, shape ...int64) {
	s.t.Helper()
	s.write(path, "") // makes the folder
	w, err := npy.Create(path, dtype, shape)
	if err == nil {
		defer w.Abort()
		if err = w.WriteFloat32s(values); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// cut shortens a file to n bytes, or by -n.
func (s *site) cut(path string, n int) {
	s.t.Helper()
	text := s.read(path)
	if n < 0 {
		n += len(text)
	}
	s.write(path, text[:n])
}

func (s *site) gzip(path string) {
	s.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s.read(path)))
	z.Close()
	s.write(path+".gz", b.String())
	if err := os.Remove(path); err != nil {
		s.t.Fatal(err)
	}
}

// from makes the data section read a file; more stands under it.
func from(source, more string) []string {
	return []string{"source: shapes\n  count: 64\n  image_size: 8", "source: " + source + "\n  " + more}
}

func TestMissingDataFilesAreOneSentence(t *testing.T) {
	have := func(s *site) { s.array("data/train.npy", 20, 4); s.array("data/labels.npy", 20) }
	tryBad(t, []bad{
		{name: "file", prep: have, edit: from("npy", "path: data/trian.npy"), want: []string{
			"x.yaml:7:3: data.path: data/trian.npy does not exist; did you mean data/train.npy?"}},
		{name: "folder", edit: from("npy", "path: dta/train.npy"), want: []string{
			"x.yaml:7:3: data.path: dta/train.npy does not exist; the folder dta does not exist either, paths are relative to where trainer was started"}},
		{name: "file of a split", prep: have, edit: from("npy", "train: data/train.npy\n  val: data/val.npy"), want: []string{
			"x.yaml:8:3: data.val: data/val.npy does not exist; …"}},
		{name: "labels", prep: have, edit: from("npy", "path: data/train.npy\n  labels: data/label.npy"), want: []string{
			"x.yaml:8:3: data.labels: data/label.npy does not exist; did you mean data/labels.npy?"}},
		{name: "idx", prep: have, edit: from("idx", "path: data/train-images-idx3-ubyte.gz"), want: []string{
			"x.yaml:7:3: data.path: data/train-images-idx3-ubyte.gz does not exist; its folder data holds …"}},
		{name: "experiment of embeddings", prep: func(s *site) { s.write("runs/vae/config.yaml", small) }, edit: from("embeddings", "experiment: runs/vea"), want: []string{
			"x.yaml:7:3: data.experiment: runs/vea does not exist; did you mean runs/vae?"}},
		{name: "embeddings", prep: func(s *site) { s.write("runs/vae/config.yaml", small) }, edit: from("embeddings", "experiment: runs/vae"), want: []string{
			"x.yaml:7:3: data.experiment: runs/vae has no embeddings/train_embeddings.npy; run: trainer extract-embeddings runs/vae"}},
		{name: "no path at all", edit: from("npy", "normalize: none"), want: []string{
			"x.yaml:5:1: data.path: missing, expected the file of source npy (or train:, val: and test: with one file each)"}},
	})
}

func TestDamagedDataFilesAreOneSentence(t *testing.T) {
	edit := from("npy", "path: d.npy")
	made := func(change func(s *site)) func(s *site) {
		return func(s *site) { s.array("d.npy", 20, 4); change(s) }
	}
	tryBad(t, []bad{
		{name: "cut in the data", prep: made(func(s *site) { s.cut("d.npy", -8) }), edit: edit, want: []string{
			"trainer: d.npy: …320 bytes…312…"}},
		{name: "cut in the header", prep: made(func(s *site) { s.cut("d.npy", 70) }), edit: edit, want: []string{
			"trainer: d.npy: the file ends inside the .npy header (70 bytes, the header needs 128); it was cut off, copy or write it again"}},
		{name: "empty", prep: made(func(s *site) { s.cut("d.npy", 0) }), edit: edit, want: []string{
			"trainer: d.npy: the file is empty (0 bytes); expected a .npy file, write it with numpy.save"}},
		{name: "another kind of file", prep: made(func(s *site) { s.write("d.npy", "a,b,c\n1,2,3\n") }), edit: edit, want: []string{
			"trainer: d.npy: not a .npy file: it begins with the bytes 61 2c 62 2c 63 0a, expected 93 4e 55 4d 50 59; write the array with numpy.save"}},
		{name: "a folder", prep: func(s *site) { s.write("d.npy/x", "") }, edit: edit, want: []string{
			"trainer: d.npy: this is a folder, expected a file"}},
		{name: "gzip that is cut", prep: made(func(s *site) { s.gzip("d.npy"); s.cut("d.npy.gz", -9) }), edit: edit, want: []string{
			"trainer: d.npy.gz: the gzip file is cut off; copy or write it again"}},
		{name: "labels that are cut", prep: func(s *site) { s.array("d.npy", 20, 4); s.array("l.npy", 20); s.cut("l.npy", -4) },
			edit: from("npy", "path: d.npy\n  labels: l.npy"), want: []string{"trainer: l.npy: …80 bytes…76…"}},
		{name: "idx that is cut", prep: func(s *site) { s.write("d.idx", "\x00\x00\x08\x03\x00\x00\x00\x0a\x00\x00\x00\x08\x00\x00\x00\x08abc") },
			edit: from("idx", "path: d.idx"), want: []string{"trainer: d.idx: …640 bytes…3…"}},
		{name: "npy for idx", prep: made(func(*site) {}), edit: from("idx", "path: d.npy"), want: []string{
			"trainer: d.npy: not an idx file: it begins with the bytes 93 4e 55 4d, expected 00 00 08 and the number of dimensions; for .npy files set data.source: npy"}},
		{name: "not a number", prep: func(s *site) {
			zero := float32(0)
			s.arrayOf("d.npy", "f4", []float32{1, 2, 3, zero / zero, 5, 6, 7, 8}, 4, 2)
		}, edit: edit, want: []string{"trainer: d.npy: …row 1…"}},
	})
}

func TestWrongShapesOfDataAreOneSentence(t *testing.T) {
	tryBad(t, []bad{
		{name: "one dimension", prep: func(s *site) { s.array("d.npy", 20) }, edit: from("npy", "path: d.npy"), want: []string{
			"trainer: d.npy: the array has the shape [20]; expected at least two dimensions, [samples, values]"}},
		{name: "no samples", prep: func(s *site) { s.array("d.npy", 0, 4) }, edit: from("npy", "path: d.npy"), want: []string{
			"trainer: d.npy: the array …[0 4]… has no samples"}},
		{name: "number of labels", prep: func(s *site) { s.array("d.npy", 20, 4); s.array("l.npy", 19) },
			edit: from("npy", "path: d.npy\n  labels: l.npy"), want: []string{
				"trainer: l.npy has 19 labels but d.npy has 20 samples; give the labels that belong to these data"}},
		{name: "splits that differ", prep: func(s *site) { s.array("d.npy", 20, 4); s.array("v.npy", 20, 5) },
			edit: from("npy", "train: d.npy\n  val: v.npy"), want: []string{
				"trainer: v.npy has samples of shape [5] but d.npy has [4]; they must have the same shape"}},
		{name: "no labels for a classifier", prep: func(s *site) { s.array("d.npy", 20, 4) }, torch: true,
			edit: append(from("npy", "path: d.npy"), customModel("linear: 3", "cross_entropy")...), want: []string{
				"x.yaml:…: model.target: cross_entropy compares with labels, and the data have none; give data.labels, data.label_array or data.label_column"}},
	})
}
