package trainer

import (
	"encoding/json"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTheFrontierIsOfEverySAEBelowAFolder(t *testing.T) {
	s := newTorchSite(t)
	sae := func(name string, set ...string) {
		s.train(append([]string{"data={source: synthetic_sparse, count: 400, dim: 8, atoms: 12, batch_size: 32}", "experiment.name=" + name}, set...)...)
	}
	sae("topk3", "model={type: sae, variant: topk, d_sae: 16, k: 3}")
	sae("topk1", "model={type: sae, variant: topk, d_sae: 16, k: 1}")
	sae("relu", "model={type: sae, variant: relu_l1, d_sae: 16}")
	s.train() // a VAE, which is passed over
	var got struct {
		PNG  string
		Runs []place
	}
	read := func() {
		t.Helper()
		if err := json.Unmarshal([]byte(s.ok("compare", "--frontier", "runs", "--json").stdout), &got); err != nil || len(got.Runs) != 3 {
			t.Fatalf("%v, %+v", err, got)
		}
	}
	read()
	for i, p := range got.Runs {
		if p.Split != "test" || p.L0 <= 0 || p.FVU <= 0 || p.Recovered == nil || i > 0 && p.L0 < got.Runs[i-1].L0 {
			t.Errorf("%+v", got.Runs)
		}
	}
	if first := got.Runs[0]; first.Name != "topk1" || !first.Pareto || first.Variant != "topk" {
		t.Errorf("the sparsest run is %+v", first)
	}
	f, err := os.Open(got.PNG)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
	// What was evaluated is read; what was trained since is evaluated again.
	written := func() time.Time {
		info, err := os.Stat("runs/topk1/evaluation/test_evaluation.json")
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	before := written()
	read()
	if !written().Equal(before) {
		t.Error("a run was evaluated twice")
	}
	later := before.Add(time.Hour)
	if err := os.Chtimes("runs/topk1/checkpoints/best_model.pt", later, later); err != nil {
		t.Fatal(err)
	}
	if r := s.ok("compare", "--frontier", "runs/topk1"); !strings.Contains(r.messages, "evaluating runs/topk1") {
		t.Errorf("an old evaluation was taken: %s", r.messages)
	}
}

func TestTheFrontierIsWhatNoOtherRunBeats(t *testing.T) {
	f := frontier{places: []place{{Name: "c", L0: 3, FVU: 0.2}, {Name: "a", L0: 1, FVU: 0.5}, {Name: "worse", L0: 2, FVU: 0.6}, {Name: "b", L0: 2, FVU: 0.4}, {Name: "same", L0: 4, FVU: 0.2}}}
	f.mark()
	var names, on string
	for _, p := range f.places {
		names += p.Name + " "
		if p.Pareto {
			on += p.Name + " "
		}
	}
	if names != "a b worse c same " || on != "a b c " {
		t.Errorf("%s; on the frontier %s", names, on)
	}
}

func TestTheFrontierOfBadInput(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	for want, args := range map[string][]string{
		"there is no run of type sae in or below runs": {"--frontier", "runs"},
		"the folder no does not exist":                 {"--frontier", "runs", "--png", "no/x.png"},
		"--png is for the plot of --frontier":          {"runs/a", "runs/a", "--png", "x.png"},
		"give --png FILE in place of --html":           {"--frontier", "runs", "--html", "x.html"},
	} {
		r := s.run(append([]string{"compare"}, args...)...)
		if r.code != exitMistake || !strings.Contains(r.messages, want) {
			t.Errorf("compare %v: exit code %d: %s", args, r.code, r.messages)
		}
	}
}
