package trainer

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/track"
)

func TestEvaluateOfEachKindOfModel(t *testing.T) {
	for _, c := range []struct {
		name string
		set  []string
		has  string
		same []string // metrics that are those of training's last evaluation
	}{
		{"vae", nil, "loss recon mse fvu psnr ssim kl active_units kl/0 kl/1 mig", nil},
		{"sae", []string{"model={type: sae, variant: topk, d_sae: 24, k: 3}"}, "loss l2 aux mse fvu cosine l0 l0_p95 dead dense_0.1", []string{"loss", "l2", "l0"}},
		{"classifier", []string{"data.label=shape", "model={type: custom_model, loss: cross_entropy, layers: [flatten, linear: 4]}"},
			"loss accuracy balanced_accuracy f1_macro log_loss", []string{"loss", "accuracy"}},
		{"regressor", []string{"data.label=scale", "model={type: custom_model, loss: mse, target: labels, layers: [flatten, linear: 1]}"}, "loss mse mae r2", []string{"loss"}},
		{"autoencoder", []string{"model={type: custom_model, loss: mse, target: input, layers: [flatten, linear: 4, linear: 64]}"}, "loss mse fvu", []string{"loss"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTorchSite(t)
			s.train(append([]string{"checkpoint.save_strategy=last"}, c.set...)...)
			r := s.ok("evaluate", "runs/a", "--explain", "--set", "checkpoint=last", "--set", "splits=[val]")
			text, err := os.ReadFile("runs/a/evaluation/val_evaluation.json")
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Samples int
				Metrics map[string]any
			}
			if err := json.Unmarshal(text, &got); err != nil || got.Samples == 0 {
				t.Fatalf("%v, %s", err, text)
			}
			for _, name := range strings.Fields(c.has) {
				if _, ok := got.Metrics[name]; !ok {
					t.Errorf("%s is not in %s", name, text)
				}
				if !strings.Contains(r.stdout, "\n"+name+" ") || !strings.HasPrefix(name, "kl/") && !strings.Contains(r.stdout, "\n"+name+": ") {
					t.Errorf("the table does not have %s, or not what it means:\n%s", name, r.stdout)
				}
			}
			events, err := track.ReadJournal("runs/a/logs/metrics.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range c.same {
				trained, ok := value(events[len(events)-1], "val/"+name)
				now, is := got.Metrics[name].(float64)
				if !ok || !is || math.Abs(trained-now) > 1e-5*(1+math.Abs(trained)) {
					t.Errorf("%s is %v now, and was %v at the end of training", name, got.Metrics[name], trained)
				}
			}
		})
	}
}

func TestEvaluateComparesDecodersAndKnowsTheTrueFeatures(t *testing.T) {
	s := newTorchSite(t)
	synthetic := []string{"data={source: synthetic_sparse, count: 400, dim: 8, atoms: 12, batch_size: 32}", "model={type: sae, d_sae: 16}"}
	s.train(synthetic...)
	s.train(append(synthetic, "experiment.name=b", "experiment.seed=9")...)
	out := s.ok("evaluate", "runs/a", "--against", "runs/a", "--json").stdout
	if !strings.Contains(out, `"mmcs": 1`) && !strings.Contains(out, `"mmcs": 0.9999`) {
		t.Errorf("an SAE is not like itself: %s", out)
	}
	out = s.ok("evaluate", "runs/a", "--against", "runs/b").stdout
	for _, name := range []string{"mmcs", "recovered", "recovery"} {
		if !strings.Contains(out, "\n"+name+" ") {
			t.Errorf("there is no %s in\n%s", name, out)
		}
	}
}

func TestEvaluateOfBadInput(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	for want, args := range map[string][]string{
		"--against compares decoders of SAEs":                  {"runs/a", "--against", "runs/a"},
		"runs/zzzz: not found":                                 {"runs/zzzz"},
		"evaluate writes metrics, and takes no output section": {"runs/a", "--set", "output.what=mean"},
	} {
		r := s.run(append([]string{"evaluate"}, args...)...)
		if r.code != exitMistake || !strings.Contains(r.messages, want) {
			t.Errorf("evaluate %v: exit code %d: %s", args, r.code, r.messages)
		}
	}
}
