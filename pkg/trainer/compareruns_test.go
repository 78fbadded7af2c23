package trainer

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCompareShowsWhatDiffersAlone(t *testing.T) {
	s := newTorchSite(t)
	s.several()
	r := s.ok("compare", "runs/b1", "runs/b4", "--html", "c.html")
	if !like(r.stdout, "config…b1…b4…\nmodel.beta…1.5…4.5\n\nmetric…state…finished  finished\n…val/loss…") || strings.Contains(r.stdout, "latent_dim") || strings.Count(r.stdout, " *") != 1 {
		t.Error(r.stdout)
	}
	page := s.read("c.html")
	if strings.Count(page, "<svg") != 4 || !strings.Contains(page, "model.beta") {
		t.Errorf("%d drawings", strings.Count(page, "<svg"))
	}
	var got struct {
		Best   string
		Config map[string][]any
		Runs   []runEntry
	}
	if err := json.Unmarshal([]byte(s.ok("compare", "runs/b1", "runs/b4", "--json").stdout), &got); err != nil || len(got.Config) != 1 || got.Config["model.beta"][1] != 4.5 || len(got.Runs) != 2 || !strings.HasPrefix(got.Best, "runs/b") {
		t.Errorf("%v %+v", err, got)
	}
}

func TestCompareOfBadInput(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	for args, phrase := range map[string]string{
		"compare":                              "compare needs two experiment directories or more",
		"compare runs/a":                       "compare needs two runs or more",
		"compare runs/a runs/b":                "did you mean runs/a?",
		"compare runs/a runs/a --html no/c.ht": "the folder no does not exist",
		"compare runs/a runs/a --html":         "needs a value",
	} {
		if r := s.run(strings.Fields(args)...); r.code != exitMistake || !strings.Contains(r.messages, phrase) {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.messages)
		}
	}
}
