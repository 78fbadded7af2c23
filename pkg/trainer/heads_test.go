package trainer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A model with heads is evaluated by its first one, on the part of the labels that this
// head is compared with; it is resumed exactly.
func TestHeadsAreEvaluatedOnTheirPartOfTheLabels(t *testing.T) {
	s := newTorchSite(t)
	s.array("x.npy", 64, 6)
	labels := make([]float32, 0, 64*3)
	for i := range 64 {
		labels = append(labels, float32(i)/64, float32(i%2), 100)
	}
	s.arrayOf("y.npy", "f4", labels, 64, 3)
	data := "data={source: npy, path: x.npy, labels: y.npy, batch_size: 16}"
	model := "model={type: custom_model, variant: multi_head, layers: [linear: 8, relu], heads: [" +
		"{name: place, loss: gaussian_nll, take: [0, 1], layers: [linear: 2]}, {name: kind, loss: bce_with_logits, take: [1, 2], layers: [linear: 1]}]}"
	s.train(data, model, "training.epochs=2", "checkpoint.save_strategy=last")
	var result struct {
		Splits map[string]struct{ Metrics map[string]float64 }
	}
	out := s.ok("evaluate", "runs/a", "--json", "-q").stdout
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatal(err, out)
	}
	told := fmt.Sprint(result)
	for _, name := range []string{"place_loss", "place_mae", "kind_accuracy", "r2", "mae"} {
		if !strings.Contains(told, name+":") {
			t.Errorf("%s is not in %s", name, told)
		}
	}
	for split, of := range result.Splits {
		if of.Metrics["mae"] > 10 {
			t.Errorf("%s: mae %v is that of another label", split, of.Metrics["mae"])
		}
	}
	s.train(data, model, "training.epochs=4", "checkpoint.save_strategy=last", "experiment.name=whole")
	s.ok("resume", "runs/a", "--set", "training.epochs=4")
	same(t, s.saved("runs/whole/checkpoints/last_model.pt"), s.saved("runs/a/checkpoints/last_model.pt"))
	r := s.run("extract-embeddings", "runs/a", "-q", "--set", "output.what=size")
	if r.code != exitMistake || !strings.Contains(r.messages, "expected the name of a head, one of [place kind]") {
		t.Errorf("exit code %d\n%s", r.code, r.messages)
	}
}
