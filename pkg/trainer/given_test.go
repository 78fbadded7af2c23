package trainer

import (
	"os"
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
	if out := s.ok("evaluate", "runs/c").stdout; !strings.Contains(out, "\nnll ") || !strings.Contains(out, "\nelbo ") {
		t.Errorf("the likelihood given classes is not in\n%s", out)
	} else if strings.Contains(out, "\nmig ") {
		t.Errorf("the class that is given is judged as a factor of the code in\n%s", out)
	}
	s.ok("report", "runs/c")
	page, err := os.ReadFile("runs/c/report/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Decoded draws of the model&#39;s prior. A row for each of the classes 0 to 3.", "KL of each latent dimension", "Traversals"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the report does not have %q", want)
		}
	}
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
