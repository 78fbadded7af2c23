package trainer

import (
	"strings"
	"testing"
)

// A model that is given classes gets them from the data wherever it is used, and says so
// where they are missing or unknown.
func TestAConditionalModelIsGivenTheLabels(t *testing.T) {
	s := newTorchSite(t)
	s.write("c.yaml", `experiment: {name: c, output_dir: runs}
data: {source: shapes, count: 128, image_size: 8, batch_size: 32, label: shape}
model: {type: vae, variant: cvae, latent_dim: 2, encoder: {hidden_dims: [16]}}
training: {epochs: 2, threads: 1, device: cpu}
`)
	s.ok("train", "c.yaml")
	s.ok("extract-embeddings", "runs/c")
	s.ok("predict", "runs/c")
	s.ok("evaluate", "runs/c")
	s.ok("report", "runs/c")
	if shape, _ := s.rows("runs/c/predictions/test_predictions.npy"); len(shape) != 4 || shape[0] != 12 {
		t.Errorf("predictions of shape %v", shape)
	}
	for data, want := range map[string]string{
		"{source: shapes, image_size: 8, count: 64}":                   "labels of shape [5] number no classes",
		"{source: shapes, image_size: 8, count: 64, label: x}":         "number no classes",
		"{source: npy, path: runs/c/predictions/test_predictions.npy}": "the data have no labels; give data.labels",
	} {
		s.write("p.yaml", "experiment: {name: c, output_dir: runs}\ndata: "+data+"\n")
		if r := s.run("predict", "p.yaml"); r.code != 2 || !strings.Contains(r.messages, want) {
			t.Errorf("%s: exit code %d, want 2 and %q:\n%s", data, r.code, want, r.messages)
		}
	}
}
