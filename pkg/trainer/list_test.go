package trainer

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// several trains runs of two betas.
func (s *site) several() {
	for _, beta := range []string{"1", "4"} {
		s.train("experiment.name=b"+beta, "model.variant=beta_vae", "model.beta="+beta+".5", "checkpoint.save_strategy=all")
	}
}

func TestListShowsEveryRunBelow(t *testing.T) {
	s := newTorchSite(t)
	s.several()
	if r := s.ok("list"); !like(r.stdout, "TYPE  NAME  STATE     BEST…EPOCH  TIME…SIZE  DIR\nvae   b1    finished  val/loss …1/1…kB  runs/b1\nvae   b4    finished…runs/b4\n") {
		t.Error(r.stdout)
	}
	before := listing(t, s.dir)
	for args, want := range map[string]string{
		"--where model.beta>2": "b4", "--where model.beta<=4.5 --where name!=b4": "b1", "--sort -model.beta": "b4 b1", "--sort name": "b1 b4", "runs/b1": "b1", "runs runs/b1": "b1 b4",
	} {
		r := s.ok(append([]string{"list", "--json"}, strings.Fields(args)...)...)
		var list []runEntry
		if err := json.Unmarshal([]byte(r.stdout), &list); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range list {
			names = append(names, e.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: found %s, want %s", args, got, want)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(s.ok("list", "--csv", "--columns", "model.beta").stdout)).ReadAll()
	if err != nil || len(rows) != 3 || rows[2][1] != "b4" || rows[2][len(rows[2])-1] != "4.5" || !strings.Contains(strings.Join(rows[0], " "), "val/kl") {
		t.Error(rows, err)
	}
	unchanged(t, before, listing(t, s.dir))
}

// The advice of the specification for saving space leaves the list as it is.
func TestListAndShowNeedNeitherLogsNorState(t *testing.T) {
	s := newTorchSite(t)
	s.several()
	want := s.ok("list", "--json", "--sort", "name").stdout
	for _, dir := range matching("runs/*/logs") {
		os.RemoveAll(dir)
	}
	for _, dir := range matching("runs/*/.trainer") {
		os.RemoveAll(dir)
	}
	for _, path := range matching("runs/*/checkpoints/epoch_*.pt") {
		os.Remove(path)
	}
	var before, after []runEntry
	if json.Unmarshal([]byte(want), &before) != nil || json.Unmarshal([]byte(s.ok("list", "--json", "--sort", "name").stdout), &after) != nil {
		t.Fatal("no JSON")
	}
	for i := range before {
		a, b := before[i], after[i]
		if len(after) != len(before) || a.Name != b.Name || a.Best != b.Best || a.BestEpoch != b.BestEpoch || a.Epoch != b.Epoch || b.State != "finished" || a.Type != b.Type {
			t.Errorf("before %+v\nafter %+v", a, b)
		}
	}
	if r := s.ok("show", "runs/b1"); !like(r.stdout, "…finished…metrics: none…") {
		t.Error(r.stdout)
	}
}

func TestShowTellsAllOfARun(t *testing.T) {
	s := newTorchSite(t)
	s.several()
	r := s.ok("show", "runs/b4")
	for _, want := range []string{"run      runs/b4", "finished after 1 epochs, 4 steps", "model.beta", "val/loss", "checkpoints/best_model.pt", "epoch 1, metric", "next: trainer extract-embeddings runs/b4"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "log_every_steps") {
		t.Errorf("a default is shown:\n%s", r.stdout)
	}
	var got shownRun
	if err := json.Unmarshal([]byte(s.ok("show", "runs/b4", "--json").stdout), &got); err != nil || got.Parameters == 0 || len(got.Files) != 7 || got.Next == "" || got.Metrics["val/loss"] == nil {
		t.Errorf("%v %+v", err, got)
	}
}

func TestListOfBadInput(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	for args, phrase := range map[string]string{
		"list nowhere":              "nowhere: no such folder",
		"list x.yaml":               "x.yaml is a file",
		"list --where model.beta":   "expected NAME OPERATOR VALUE",
		"list --where model.latent": "expected NAME",
		"list --where latent_dim=2": "did you mean model.latent_dim?",
		"list --sort loss":          "did you mean ",
		"list --columns zzzz":       "--columns: no run has zzzz",
		"list --json --csv":         "found both --json and --csv",
		"show":                      "show needs an experiment directory",
		"show runs":                 "is not an experiment directory",
		"show runs/b":               "did you mean runs/a?",
	} {
		if r := s.run(strings.Fields(args)...); r.code != exitMistake || !strings.Contains(r.messages, phrase) || r.stdout != "" {
			t.Errorf("%s: exit code %d, %s%s", args, r.code, r.stdout, r.messages)
		}
	}
	if r := s.ok("list", "--where", "state=failed"); r.stdout != "" || !strings.Contains(r.messages, "no runs") {
		t.Errorf("%q %q", r.stdout, r.messages)
	}
}
