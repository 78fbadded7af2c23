package trainer

import (
	"math"
	"os"
	"strings"
	"testing"
)

func TestReportOfEachKindOfModel(t *testing.T) {
	for _, c := range []struct {
		name, pictures string
		set, says      []string
	}{
		{"vae", "kl-of-each-latent-dimension.png kl.png learning-rate.png loss.png means-of-the-latents.png recon.png reconstructions.png samples-of-the-prior.png time-of-an-epoch.png traversals.png",
			[]string{"data.label=shape"}, []string{"Latent space", "units are active", "the best epoch"}},
		{"sae", "dead.png decoder-cosine-similarity.png explained-variance.png feature-density.png l0.png l1.png l2.png learning-rate.png least-frequent-features.png loss.png most-frequent-features.png reconstructions.png time-of-an-epoch.png",
			[]string{"model={type: sae, d_sae: 24}"}, []string{"Features", "active in a sample"}},
		{"classifier", "accuracy.png confusion-matrix.png learning-rate.png loss.png time-of-an-epoch.png",
			[]string{"data.label=shape", "model={type: custom_model, loss: cross_entropy, layers: [flatten, linear: 4]}"}, []string{"of the answers are right"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTorchSite(t)
			s.train(append([]string{"training.epochs=4", "training.log_every_steps=1"}, c.set...)...)
			r := s.ok("report", "runs/a")
			if r.stdout != "runs/a/report/index.html\n" {
				t.Errorf("stdout %q", r.stdout)
			}
			text, err := os.ReadFile("runs/a/report/index.html")
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.says {
				if !strings.Contains(string(text), want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			have := names(t, "runs/a/report")
			for _, want := range strings.Fields(c.pictures) {
				if !strings.Contains(have, want) {
					t.Errorf("there is no %s among %s", want, have)
				}
			}
		})
	}
}

func TestReportWithoutLogsOrDataShowsWhatThereIs(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.remove("runs/a/logs")
	s.ok("report", "runs/a")
	if have := names(t, "runs/a/report"); !strings.Contains(have, "reconstructions.png") || strings.Contains(have, "loss.png") {
		t.Errorf("report/ has %s", have)
	}
	r := s.run("report", "x.yaml")
	if r.code != exitMistake || !strings.Contains(r.messages, "x.yaml is no experiment directory") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
}

func TestThePlaneIsThatOfTheLargestVariances(t *testing.T) {
	const n = 200
	var x []float32
	for i := range n {
		a, b := float64(i)/n-0.5, math.Sin(float64(7*i))
		x = append(x, float32(3*a), float32(b), float32(4*a)) // (3, 0, 4)/5 with 25·Var(a), then (0, 1, 0)
	}
	points, share := planeOf(x, n, 3)
	wantFirst := 25.0 / 12 / (25.0/12 + 0.5)
	if math.Abs(share[0]-wantFirst) > 0.02 || math.Abs(share[0]+share[1]-1) > 1e-6 {
		t.Errorf("shares %v, want about %v and the rest", share, wantFirst)
	}
	for _, i := range []int{0, 50, 150} {
		if got, want := math.Abs(points[i].X-points[100].X), 5*math.Abs(float64(i-100))/n; math.Abs(got-want) > 0.03*want {
			t.Errorf("point %d is %v from the middle, want %v", i, got, want)
		}
	}
	if _, share := planeOf(make([]float32, 30), 10, 3); share[0] != 0 {
		t.Errorf("constant rows have variance %v", share)
	}
}
