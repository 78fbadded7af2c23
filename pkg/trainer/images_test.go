package trainer

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
)

// pictures writes n pictures of two classes: dark ones and bright ones.
func (s *site) pictures(dir string, n int) {
	s.t.Helper()
	s.t.Setenv("XDG_CACHE_HOME", filepath.Join(s.dir, "cache"))
	for i := range n {
		m := image.NewRGBA(image.Rect(0, 0, 20, 24))
		for k := range 20 * 24 {
			m.SetRGBA(k%20, k/20, color.RGBA{byte(100*(i%2) + k*i%90), byte(100 * (i % 2)), byte(k % 150), 255})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			s.t.Fatal(err)
		}
		s.write(fmt.Sprintf("%s/%s/%03d.png", dir, []string{"dark", "light"}[i%2], i), b.String())
	}
}

// A classifier is trained on a folder for each class; the log names them and their hash.
func TestTrainingOnAFolderOfPictures(t *testing.T) {
	s := newTorchSite(t)
	s.pictures("p", 60)
	s.write("x.yaml", `experiment: {name: a, output_dir: runs}
data: {source: images, path: p, image_size: 8, normalize: standard, batch_size: 16, split: {train: 0.8, val: 0.1, test: 0.1, stratify: true}, augment: {flip: true, crop: 1}}
model: {type: custom_model, loss: cross_entropy, class_weights: balanced, layers: [flatten, linear: 2]}
training: {epochs: 8, threads: 1, device: cpu, optimizer: {name: adam, lr: 1.0e-2}}
`)
	if out := s.ok("validate", "x.yaml").stdout; !strings.Contains(out, "samples of shape [3 8 8]: 48 train, 6 val, 6 test") {
		t.Errorf("validate: %s", out)
	}
	s.train()
	log := s.read("runs/a/logs/training.log")
	for _, want := range []string{"images p, samples of shape [3 8 8], labels of 2 classes (dark, light)", "data hash", "flip, crop 1, of the training split"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	if out := s.ok("evaluate", "runs/a").stdout; !strings.Contains(out, "accuracy") {
		t.Errorf("evaluate: %s", out)
	}
	// Pictures of one class alone keep its number.
	s.write("only/light/1.png", s.read("p/light/003.png"))
	s.write("e.yaml", "experiment: {name: a, output_dir: runs}\ndata: {source: images, path: only, image_size: 8, split: {train: 1.0}}\nsplits: [train]\noutput: {extras: [labels]}\n")
	s.ok("predict", "e.yaml")
	if _, labels := s.rows("runs/a/predictions/train_labels.npy"); len(labels) != 1 || labels[0] != 1 {
		t.Errorf("labels of other pictures %v", labels)
	}
	s.write("p/light/001.png", "x")
	s.write("p/light/001.png", s.read("p/light/003.png"))
	r := s.run("train", "x.yaml", "--set", "experiment.on_exists=resume", "--set", "training.epochs=9")
	if r.code != exitMistake || !strings.Contains(r.messages, "the data are not those of the checkpoint") {
		t.Errorf("resumed with another picture: %d, %s", r.code, r.messages)
	}
}
