package trainer

import (
	"archive/zip"
	"math"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/npy"
)

// rows reads an array as float32.
func (s *site) rows(path string) (shape []int64, values []float32) {
	s.t.Helper()
	a, err := npy.Open(path, npy.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Close()
	all := make([]int, a.Rows())
	for i := range all {
		all[i] = i
	}
	values = make([]float32, len(all)*a.RowLen())
	if err := a.Gather(values, all, nil); err != nil {
		s.t.Fatal(err)
	}
	return a.Header().Shape, values
}

// dtype is the type of an array's elements.
func (s *site) dtype(path string) string {
	s.t.Helper()
	a, err := npy.Open(path, npy.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Close()
	return a.Header().DType
}

func TestEmbeddingsAreOneRowASampleInTheDatasOrder(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.ok("extract-embeddings", "runs/a", "--set", "batch_size=7", "--set", "output.extras=[labels,indices]")
	if got := names(t, "runs/a/embeddings"); got != "test_embeddings.npy test_indices.npy test_labels.npy train_embeddings.npy train_indices.npy train_labels.npy val_embeddings.npy val_indices.npy val_labels.npy" {
		t.Error(got)
	}
	seen := map[float32]bool{}
	for split, n := range map[string]int64{"train": 52, "val": 6, "test": 6} {
		shape, _ := s.rows("runs/a/embeddings/" + split + "_embeddings.npy")
		labels, _ := s.rows("runs/a/embeddings/" + split + "_labels.npy")
		_, indices := s.rows("runs/a/embeddings/" + split + "_indices.npy")
		if shape[0] != n || shape[1] != 2 || labels[0] != n || labels[1] != 5 || int64(len(indices)) != n {
			t.Errorf("%s: embeddings %v, labels %v, %d indices", split, shape, labels, len(indices))
		}
		for i, v := range indices {
			if seen[v] || i > 0 && v <= indices[i-1] {
				t.Errorf("%s: index %v after %v", split, v, indices[max(0, i-1)])
			}
			seen[v] = true
		}
	}
	if got := s.dtype("runs/a/embeddings/train_indices.npy") + " " + s.dtype("runs/a/embeddings/train_embeddings.npy"); got != "i8 f4" {
		t.Error(got)
	}
}

func TestExtractionDoesNotDependOnTheBatch(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	sample := func(set ...string) []float32 {
		s.ok(withSet([]string{"extract_embeddings", "runs/a", "-q"}, set)...)
		_, values := s.rows("runs/a/embeddings/train_embeddings.npy")
		return values
	}
	whole, parts := sample("batch_size=1000"), sample("batch_size=5")
	for i := range whole {
		if math.Abs(float64(whole[i]-parts[i])) > 1e-6 {
			t.Fatalf("number %d: %v and %v", i, whole[i], parts[i])
		}
	}
	one, two := sample("output.what=sample"), sample("output.what=sample")
	differs := 0
	for i := range one {
		if one[i] != two[i] {
			t.Fatalf("sample %d: %v, then %v", i, one[i], two[i])
		}
		if one[i] != whole[i] {
			differs++
		}
	}
	if differs == 0 {
		t.Error("a sample is the mean")
	}
}

func TestWhatAndHowIsExtracted(t *testing.T) {
	sae, custom := "model={type: sae, variant: topk, d_sae: 16, k: 2}", "model={type: custom_model, loss: mse, target: input, layers: [flatten, linear: 5, relu, linear: 64]}"
	for _, c := range []struct {
		model  string
		set    string
		width  int64
		suffix string
	}{
		{"model.latent_dim=3", "what: mean", 3, "f4"},
		{"model.latent_dim=3", "what: mean_logvar", 6, "f4"},
		{"model.latent_dim=3", "dtype: float16", 3, "f2"},
		{sae, "what: codes", 16, "f4"},
		{sae, "what: reconstruction", 64, "f4"},
		{custom, "dtype: float32", 64, "f4"},
		{custom, `what: "1"`, 5, "f4"},
	} {
		t.Run(c.set, func(t *testing.T) {
			s := newTorchSite(t)
			s.train(c.model)
			s.ok("extract-embeddings", "runs/a", "--set", "output={"+c.set+"}", "--set", "splits=[val]")
			path := "runs/a/embeddings/val_embeddings.npy"
			if shape, _ := s.rows(path); shape[0] != 6 || shape[1] != c.width {
				t.Errorf("shape %v, want [6 %d]", shape, c.width)
			}
			if got := s.dtype(path); got != c.suffix {
				t.Errorf("type %s, want %s", got, c.suffix)
			}
			if got := names(t, "runs/a/embeddings"); got != "val_embeddings.npy" {
				t.Error(got)
			}
		})
	}
}

func TestSparseCodesAreAMatrixOfSciPy(t *testing.T) {
	s := newTorchSite(t)
	s.train("model={type: sae, variant: topk, d_sae: 16, k: 2}")
	s.ok("extract-embeddings", "runs/a", "--set", "output.format=csr_npz", "--set", "splits=[train]")
	if got := names(t, "runs/a/embeddings"); got != "train_embeddings.npz" {
		t.Error(got)
	}
	z, err := zip.OpenReader("runs/a/embeddings/train_embeddings.npz")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var parts []string
	for _, f := range z.File {
		parts = append(parts, f.Name)
	}
	if got := strings.Join(parts, " "); got != "indices.npy indptr.npy format.npy shape.npy data.npy" {
		t.Error(got)
	}
}

// The reconstructions of normalised data are in the units of the data.
func TestPredictionsAreInTheDatasOwnUnitsAndShape(t *testing.T) {
	s := newTorchSite(t)
	values := make([]float32, 80*4)
	for i := range values {
		values[i] = 1000 + float32(i%7)
	}
	s.arrayOf("d.npy", "f4", values, 80, 2, 2)
	s.train("data={source: npy, path: d.npy, normalize: standard, batch_size: 16}", "model={type: sae, variant: topk, d_sae: 8, k: 2}")
	s.ok("predict", "runs/a")
	shape, got := s.rows("runs/a/predictions/test_predictions.npy")
	if len(shape) != 3 || shape[0] != 8 || shape[1] != 2 || shape[2] != 2 {
		t.Errorf("shape %v, want [8 2 2]", shape)
	}
	for _, v := range got {
		if v < 980 || v > 1030 {
			t.Fatalf("a prediction of %v for values from 1000 to 1006", v)
		}
	}
}

func TestOtherDataAreNormalisedAsTheRunsOwn(t *testing.T) {
	s := newTorchSite(t)
	s.array("d.npy", 80, 4)
	s.train("data={source: npy, path: d.npy, normalize: standard, batch_size: 16}", "model={type: sae, variant: topk, d_sae: 8, k: 2}")
	s.ok("predict", "runs/a", "--set", "splits=[train,val,test]")
	want := s.read("runs/a/predictions/test_predictions.npy")
	// The same rows, given as other data with nothing else around them.
	_, rows := s.rows("d.npy")
	s.ok("extract-embeddings", "runs/a", "--set", "output.extras=[indices]")
	_, indices := s.rows("runs/a/embeddings/test_indices.npy")
	var test []float32
	for _, i := range indices {
		test = append(test, rows[int(i)*4:int(i)*4+4]...)
	}
	s.arrayOf("t.npy", "f4", test, int64(len(indices)), 4)
	s.ok("predict", "runs/a", "--set", "data={source: npy, train: t.npy, test: t.npy}")
	if s.read("runs/a/predictions/test_predictions.npy") != want {
		t.Error("the predictions differ")
	}
}

func TestPackedEmbeddingsAreReadAsTheyAre(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.ok("extract-embeddings", "runs/a", "--set", "output.extras=[labels]")
	sae := []string{"experiment.name=sae", "data={source: embeddings, experiment: runs/a, batch_size: 16}", "model={type: sae, variant: topk, d_sae: 8, k: 2}"}
	s.train(sae...)
	want := s.load("runs/sae/checkpoints/best_model.pt")
	for _, name := range strings.Fields(names(t, "runs/a/embeddings")) {
		s.gzip("runs/a/embeddings/" + name)
	}
	s.ok("predict", "runs/sae")
	s.train(sae...)
	same(t, want, s.load("runs/sae/checkpoints/best_model.pt"))
}
