package trainer

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestARunIsEvaluatedAtItsEnd(t *testing.T) {
	s := newTorchSite(t)
	r := s.ok("train", "x.yaml", "--json", "--set", "training.evaluate_at_end=true")
	var record struct {
		Evaluation map[string]struct{ Metrics map[string]any }
	}
	if err := json.Unmarshal([]byte(r.stdout), &record); err != nil {
		t.Fatal(err)
	}
	if _, ok := record.Evaluation["test"].Metrics["psnr"]; !ok {
		t.Errorf("the record has no psnr of the test split: %s", r.stdout)
	}
	if !strings.Contains(r.messages, "\nactive_units ") || strings.Contains(r.messages, "\nkl/0 ") {
		t.Errorf("the summary is\n%s", r.messages)
	}
	// The command gives the same numbers.
	trained := s.read("runs/a/evaluation/val_evaluation.json")
	s.ok("evaluate", "runs/a", "--quick")
	if again := s.read("runs/a/evaluation/val_evaluation.json"); again != trained {
		t.Errorf("%s\nand then\n%s", trained, again)
	}
	s.ok("report", "runs/a")
	if page := s.read("runs/a/report/index.html"); !strings.Contains(page, "<h2>Evaluation</h2>") || !strings.Contains(page, "<td>psnr</td>") {
		t.Error("the report has no evaluation")
	}
}

// A run without the key leaves what the specification says, and its report says nothing of
// an evaluation.
func TestARunIsNotEvaluatedByDefault(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	if _, err := os.Stat("runs/a/evaluation"); err == nil {
		t.Error("evaluation/ is there")
	}
	s.ok("report", "runs/a")
	if strings.Contains(s.read("runs/a/report/index.html"), "<h2>Evaluation</h2>") {
		t.Error("the report has an evaluation")
	}
}

// An evaluation belongs to the weights that it is of: a run that takes the place of another
// does not inherit it.
func TestAnEvaluationGoesWithItsRun(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.ok("evaluate", "runs/a", "--quick")
	r := s.train("experiment.seed=8")
	if _, err := os.Stat("runs/a/evaluation"); err == nil || strings.Contains(r.messages, "evaluation") {
		t.Errorf("the new run has the old one's evaluation: %s", r.messages)
	}
}

// Members are evaluated when all have ended: it changes none of them.
func TestMembersAreEvaluatedWhenAllHaveEnded(t *testing.T) {
	s := newTorchSite(t)
	s.write("m.yaml", saes)
	s.ok("train", "m.yaml")
	journals := map[string]string{}
	for _, dir := range saeRuns {
		journals[dir] = metricsOf(s.read("runs/" + dir + "/logs/metrics.jsonl"))
	}
	r := s.ok("train", "m.yaml", "--set", "training.evaluate_at_end=true")
	for dir, was := range journals {
		if now := metricsOf(s.read("runs/" + dir + "/logs/metrics.jsonl")); now != was {
			t.Errorf("%s: its metrics are others with evaluate_at_end", dir)
		}
		if !strings.Contains(r.messages, dir+": l0_p95 ") || !strings.Contains(s.read("runs/"+dir+"/evaluation/test_evaluation.json"), `"fvu"`) {
			t.Errorf("%s is not evaluated: %s", dir, r.messages)
		}
	}
}

var timeOf = regexp.MustCompile(`"time":"[^"]*"`)

// metricsOf is a journal without its times.
func metricsOf(journal string) string { return timeOf.ReplaceAllString(journal, "") }
