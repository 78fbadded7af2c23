package trainer

import (
	"slices"
	"strings"
	"testing"
)

// words writes three arrays of 64 samples, an image, two words below 5 and a number, and
// the labels of a class and a number.
func (s *site) words() {
	s.t.Helper()
	words := make([]float32, 128)
	labels := make([]float32, 0, 128)
	for i := range 64 {
		words[2*i], words[2*i+1] = float32(i%5), float32(i%3)
		labels = append(labels, float32(i%5%2), float32(i%3)+0.5)
	}
	s.array("x_image.npy", 64, 1, 4, 4)
	s.arrayOf("x_word.npy", "f4", words, 64, 2)
	s.array("x_number.npy", 64)
	s.arrayOf("y.npy", "f4", labels, 64, 2)
}

const (
	wordsData  = "data={source: npy, path: 'x_{array}.npy', arrays: [image, word, number], raw: word, labels: y.npy, normalize: standard, batch_size: 8, in_memory: false}"
	wordsModel = "model={type: custom_model, variant: multi_head, inputs: [{name: words, take: word, layers: [embedding: {num: 5, dim: 3}]}, " +
		"{name: image, take: image, layers: [conv2d: {out: 2, kernel: 3}, relu]}, {name: number, take: number}], layers: [linear: 8, relu], heads: [" +
		"{name: kind, loss: cross_entropy, take: [0, 1], layers: [linear: 2]}, {name: size, loss: mse, take: [1, 2], layers: [linear: 1]}, {name: all, loss: mse, target: input, layers: [linear: 19]}]}"
)

// Arrays of several files are the inputs of a model that trains, resumes and predicts.
func TestAModelOfNamedArraysGoesAllTheWay(t *testing.T) {
	s := newTorchSite(t)
	s.words()
	valid := s.ok("validate", "x.yaml", "--set", wordsData, "--set", wordsModel).stdout
	if !strings.Contains(valid, "samples of shape [19] (image [1 4 4], word [2], number [1]): 52 train, 6 val, 6 test") {
		t.Errorf("validate says %s", valid)
	}
	s.train(wordsData, wordsModel, "training.epochs=2", "checkpoint.save_strategy=last")
	s.train(wordsData, wordsModel, "training.epochs=4", "checkpoint.save_strategy=last", "experiment.name=whole")
	s.ok("resume", "runs/a", "--set", "training.epochs=4")
	same(t, s.saved("runs/whole/checkpoints/last_model.pt"), s.saved("runs/a/checkpoints/last_model.pt"))
	s.ok("evaluate", "runs/a", "-q")
	s.ok("report", "runs/a", "-q")
	s.ok("extract-embeddings", "runs/a", "-q", "--set", "output.what=all")
	s.ok("predict", "runs/a", "-q", "--set", "splits=[train, val, test]")
	if shape, _ := s.rows("runs/a/predictions/train_predictions.npy"); !slices.Equal(shape, []int64{52, 2}) {
		t.Errorf("predictions %v", shape)
	}
	other := "data={source: npy, path: 'x_{array}.npy', arrays: [image, word, number]}"
	s.ok("predict", "runs/a", "-q", "--set", other)
	for set, want := range map[string]string{
		"data={source: npy, path: 'x_{array}.npy', arrays: [word, image, number]}": "data.arrays: found [word [2] image [1 4 4] number [1]], but the model in runs/a/checkpoints/last_model.pt was trained on [image [1 4 4] word [2] number [1]]",
		"data={source: npy, path: 'x_{array}.npy', arrays: [word, number]}":        "are for samples of 19 values, these data have 3",
		"data={source: npy, path: 'x_{array}.npy'}":                                "{array} stands for the arrays' names, and data.arrays is missing",
	} {
		r := s.run("predict", "runs/a", "-q", "--set", set)
		if r.code != exitMistake || !strings.Contains(r.messages, want) {
			t.Errorf("%s: exit code %d, %s", set, r.code, r.messages)
		}
	}
}

// A number that an embedding has no row for is a sentence in whichever batch it comes, in
// training, evaluation and prediction.
func TestAnEmbeddingNamesTheRowThatItCannotRead(t *testing.T) {
	s := newTorchSite(t)
	s.words()
	s.train(wordsData, wordsModel, "training.epochs=1")
	s.array("x_number.npy", 64)
	words := make([]float32, 128)
	for row, v := range map[int]float32{3: 5, 40: -1, 63: 2.5} {
		clear(words)
		words[2*row+1] = v
		s.arrayOf("x_word.npy", "f4", words, 64, 2)
		for _, args := range [][]string{
			withSet([]string{"train", "x.yaml", "-q"}, []string{wordsData, wordsModel, "data.split={train: 0.5, val: 0.5}", "experiment.name=b", "data.normalize=none"}),
			withSet([]string{"predict", "runs/a", "-q"}, []string{"data={source: npy, path: 'x_{array}.npy', arrays: [image, word, number]}", "splits=[train, val, test]"}),
		} {
			r := s.run(args...)
			want := "embedding reads whole numbers from 0 to 4, and found "
			if r.code != exitMistake || !strings.Contains(r.messages, want) || strings.Count(strings.TrimSpace(r.messages[strings.Index(r.messages, want):]), "\n") > 0 {
				t.Errorf("row %d: %s: exit code %d, %s", row, args[0], r.code, r.messages)
			}
		}
	}
}
