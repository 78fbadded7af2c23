package trainer

import (
	"encoding/json"
	"math"
	"math/rand/v2"
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
		{"vae", nil, "loss recon mse fvu psnr ssim kl active_units kl/0 kl/1 mutual_information total_correlation dimension_kl elbo nll bits_per_dim mig mig/x sap dci_disentanglement factor_vae_score", nil},
		{"sae", []string{"model={type: sae, variant: topk, d_sae: 24, k: 3}"}, "loss l2 aux mse fvu explained_variance explained_variance_saelens explained_variance_legacy cosine l0 l0_median l0_p95 dead dense_0.1", []string{"loss", "l2", "l0"}},
		{"classifier", []string{"data.label=shape", "model={type: custom_model, loss: cross_entropy, layers: [flatten, linear: 4]}"},
			"loss accuracy balanced_accuracy f1_macro precision_macro roc_auc ece log_loss", []string{"loss", "accuracy"}},
		{"regressor", []string{"data.label=scale", "model={type: custom_model, loss: mse, target: labels, layers: [flatten, linear: 1]}"}, "loss mse rmse mae r2", []string{"loss"}},
		{"yes or no", []string{"data={source: npy, path: x.npy, labels: y.npy, batch_size: 8}", "model={type: custom_model, loss: bce_with_logits, layers: [linear: 1]}"},
			"loss accuracy f1_macro roc_auc log_loss", []string{"accuracy"}},
		{"probes", []string{"data={source: npy, path: x.npy, labels: y.npy, batch_size: 8}", "model={type: sae, variant: topk, d_sae: 12, k: 3}"}, "l0 probe_1 probe_2 probe_5", nil},
		{"vq", []string{"model={type: vae, variant: vq_vae, latent_dim: 4, codes: 8, encoder: {channels: [4, 4]}}"}, "loss fvu psnr commitment perplexity code_usage", nil},
		{"autoencoder", []string{"model={type: custom_model, loss: mse, target: input, layers: [flatten, linear: 4, linear: 64]}"}, "loss mse fvu", []string{"loss"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTorchSite(t)
			s.halves()
			s.train(append([]string{"checkpoint.save_strategy=last"}, c.set...)...)
			r := s.ok("evaluate", "runs/a", "--explain", "--max-samples", "900", "--set", "checkpoint=last", "--set", "splits=[val]")
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
				if !strings.Contains(r.stdout, "\n"+name+" ") || !strings.Contains(r.stdout, "\n"+name+": ") {
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

// halves writes x.npy, 200 samples of four numbers, and y.npy, whether the first is above 0.
func (s *site) halves() {
	s.t.Helper()
	var x, y []float32
	draw := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		row := []float32{float32(draw.NormFloat64()), float32(draw.NormFloat64()), float32(draw.NormFloat64()), float32(draw.NormFloat64())}
		class := float32(0)
		if row[0] > 0 {
			class = 1
		}
		x, y = append(x, row...), append(y, class)
	}
	s.arrayOf("x.npy", "f4", x, 200, 4)
	s.arrayOf("y.npy", "f4", y, 200)
}

func TestAQuickEvaluationIsOnePass(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	quick, none := s.ok("evaluate", "runs/a", "--quick").stdout, s.ok("evaluate", "runs/a", "--importance-samples", "0").stdout
	for _, name := range []string{"nll", "mig", "mutual_information"} {
		if strings.Contains(quick, "\n"+name+" ") {
			t.Errorf("--quick computed %s", name)
		}
	}
	if strings.Contains(none, "\nnll ") || !strings.Contains(none, "\nmig ") {
		t.Errorf("--importance-samples 0 gives\n%s", none)
	}
}

// A Bernoulli likelihood is a probability of zeros and ones, and no density of grey values:
// what is read off the numbers says so.
func TestTheLikelihoodIsLabelled(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	if out := s.ok("evaluate", "runs/a").stdout; !strings.Contains(out, "is no density of these values") {
		t.Errorf("grey values and bernoulli are not told in\n%s", out)
	}
	s.train("model.likelihood=gaussian")
	if out := s.ok("evaluate", "runs/a", "--json").stdout; !strings.Contains(out, `"measures": "density"`) {
		t.Errorf("no density in\n%s", out)
	}
	var bits []float32
	for i := range 400 {
		bits = append(bits, float32(i*i%3%2))
	}
	s.arrayOf("bits.npy", "f4", bits, 100, 4)
	s.train("data={source: npy, path: bits.npy, batch_size: 10}")
	if out := s.ok("evaluate", "runs/a", "--json").stdout; !strings.Contains(out, `"measures": "probability"`) {
		t.Errorf("no probability in\n%s", out)
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

// A transcoder reconstructs its labels, a crosscoder several vectors: both have a place on
// the frontier, and a decoder to compare.
func TestTranscodersAndCrosscodersAreJudged(t *testing.T) {
	s := newTorchSite(t)
	var x, y []float32
	draw := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		for d := range 6 {
			x = append(x, float32(draw.NormFloat64()))
			if d%2 == 0 {
				y = append(y, 2*x[len(x)-1]+0.1)
			}
		}
	}
	s.arrayOf("x.npy", "f4", x, 200, 6)
	s.arrayOf("y.npy", "f4", y, 200, 3)
	s.arrayOf("both.npy", "f4", x, 200, 2, 3)
	for variant, set := range map[string][]string{
		"transcoder":      {"data={source: npy, path: x.npy, labels: y.npy, batch_size: 16}", "model={type: sae, variant: transcoder, d_sae: 12, k: 4}"},
		"skip_transcoder": {"data={source: npy, path: x.npy, labels: y.npy, batch_size: 16}", "model={type: sae, variant: skip_transcoder, d_sae: 12, k: 4}"},
		"crosscoder":      {"data={source: npy, path: both.npy, batch_size: 16}", "model={type: sae, variant: crosscoder, d_sae: 12}"},
	} {
		s.train(append(set, "training.epochs=30", "training.optimizer.lr=0.01")...)
		out := s.ok("evaluate", "runs/a", "--against", "runs/a", "--explain").stdout
		for _, name := range []string{"fvu", "l0", "dead", "mmcs", "matched_cosine"} {
			if !strings.Contains(out, "\n"+name+" ") {
				t.Errorf("%s has no %s:\n%s", variant, name, out)
			}
		}
		if strings.Contains(out, ": "+ofTheVariant) {
			t.Errorf("%s has terms without a definition:\n%s", variant, out)
		}
		if table := s.ok("compare", "--frontier", "runs").stdout; !strings.Contains(table, variant) {
			t.Errorf("the frontier is\n%s", table)
		}
	}
	// By hand: the FVU of the transcoder is that of its predictions of the labels.
	s.train("data={source: npy, path: x.npy, labels: y.npy, batch_size: 16}", "model={type: sae, variant: transcoder, d_sae: 12, k: 4}")
	s.ok("evaluate", "runs/a", "--set", "splits=[test]")
	s.ok("predict", "runs/a", "--set", "output.extras=[labels]")
	_, predicted := s.rows("runs/a/predictions/test_predictions.npy")
	_, labels := s.rows("runs/a/predictions/test_labels.npy")
	mean, wrong, all := [3]float64{}, 0.0, 0.0
	for i, v := range labels {
		mean[i%3] += float64(v) * 3 / float64(len(labels))
	}
	for i, v := range labels {
		wrong += math.Pow(float64(v)-float64(predicted[i]), 2)
		all += math.Pow(float64(v)-mean[i%3], 2)
	}
	saved, err := readEvaluation("runs/a/evaluation/test_evaluation.json")
	if got, _ := saved.Metrics["fvu"].(float64); err != nil || math.Abs(got-wrong/all) > 1e-5 {
		t.Errorf("%v: fvu is %v, expected %v", err, got, wrong/all)
	}
}

func TestEvaluateOfBadInput(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	for want, args := range map[string][]string{
		"--against compares decoders of SAEs":                  {"runs/a", "--against", "runs/a"},
		"found -1, 1000 and 10000":                             {"runs/a", "--importance-samples=-1"},
		"runs/zzzz: not found":                                 {"runs/zzzz"},
		"evaluate writes metrics, and takes no output section": {"runs/a", "--set", "output.what=mean"},
	} {
		r := s.run(append([]string{"evaluate"}, args...)...)
		if r.code != exitMistake || !strings.Contains(r.messages, want) {
			t.Errorf("evaluate %v: exit code %d: %s", args, r.code, r.messages)
		}
	}
}

// The perplexity of an evaluation is of all codes of the split, not the mean of its batches.
func TestThePerplexityIsThatOfTheSplit(t *testing.T) {
	s := newTorchSite(t)
	s.train("model={type: vae, variant: vq_vae, latent_dim: 4, codes: 8, encoder: {channels: [4, 4]}}")
	s.ok("extract-embeddings", "runs/a", "--set", "splits=[val]", "--set", "output.what=indices")
	_, indices := s.rows("runs/a/embeddings/val_embeddings.npy")
	counts, entropy := map[float32]float64{}, 0.0
	for _, index := range indices {
		counts[index]++
	}
	for _, n := range counts {
		p := n / float64(len(indices))
		entropy -= p * math.Log(p)
	}
	s.ok("evaluate", "runs/a", "--quick", "--set", "splits=[val]", "--set", "batch_size=3")
	saved, err := readEvaluation("runs/a/evaluation/val_evaluation.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"perplexity": math.Exp(entropy), "code_usage": float64(len(counts)) / 8} {
		if got, ok := saved.Metrics[name].(float64); !ok || math.Abs(got-want) > 1e-6 {
			t.Errorf("%s is %v, of the split %v", name, saved.Metrics[name], want)
		}
	}
}
