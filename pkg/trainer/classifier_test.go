package trainer

import (
	"encoding/json"
	"testing"
)

// A user trains a classifier of their own layers without writing Go.
func TestAClassifierOfOnesOwnLayersLearns(t *testing.T) {
	s := newTorchSite(t)
	s.write("c.yaml", `experiment: {name: c, output_dir: runs}
data: {source: shapes, label: shape, batch_size: 32}
model:
  type: custom_model
  loss: cross_entropy
  layers:
    - conv2d: {out: 16, kernel: 4, stride: 2, padding: 1}
    - batch_norm2d
    - relu
    - conv2d: {out: 32, kernel: 4, stride: 2, padding: 1}
    - batch_norm2d
    - relu
    - conv2d: {out: 64, kernel: 4, stride: 2, padding: 1}
    - batch_norm2d
    - relu
    - flatten
    - linear: 4
training: {epochs: 12, threads: 1, device: cpu, optimizer: {name: adamw, lr: 3.0e-3}, scheduler: cosine}
checkpoint: {monitor: val/accuracy, mode: max}
`)
	var result struct{ Best float64 }
	r := s.ok("train", "c.yaml", "-q", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &result); err != nil || result.Best <= 0.9 {
		t.Errorf("the best accuracy on the validation split is %v, want above 0.9 (chance is 0.25)", result.Best)
	}
	s.ok("predict", "runs/c")
	if shape, _ := s.rows("runs/c/predictions/test_predictions.npy"); len(shape) != 2 || shape[1] != 4 {
		t.Errorf("logits of shape %v", shape)
	}
}
