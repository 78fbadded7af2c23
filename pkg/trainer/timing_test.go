package trainer

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// The estimate is arithmetic on measured steps: it says nothing of a fast or slow
// machine, but the parts must fit together.
func TestValidateWithTimeEstimatesTheWholeRun(t *testing.T) {
	s := newTorchSite(t)
	for _, set := range [][]string{
		{"training.epochs=10"}, {"training.epochs=3", "data.count=4096"}, {"data.split={train: 0.9, test: 0.1}"}, {"data.batch_size=auto"}, {"training.lr=1e30"},
		{"model={type: sae, variant: topk, d_sae: 16, k: 2}"}, {"training.epochs=null", "training.steps=50"},
	} {
		var list []validated
		if err := json.Unmarshal([]byte(s.ok(withSet([]string{"validate", "x.yaml", "--time", "--json"}, set)...).stdout), &list); err != nil {
			t.Fatal(err)
		}
		v := list[0]
		if v.Time == nil || v.Time.Device != "cpu" || v.Time.Step <= 0 || v.Time.Epoch < v.Time.Step || v.Time.Total < v.Time.Epoch*0.99 {
			t.Errorf("%v: %+v", set, v.Time)
		}
		if least := v.Time.Step * float64(v.Steps); v.Time.Total < least*0.99 {
			t.Errorf("%v: %d steps of %g s make %g s, the estimate is %g s", set, v.Steps, v.Time.Step, least, v.Time.Total)
		}
	}
	if got := names(t, "."); got != "x.yaml" {
		t.Errorf("made %s", got)
	}
	if text := s.ok("validate", "x.yaml", "--time").stdout; !regexp.MustCompile(`; on cpu about [0-9.e-]+ ms a step, [0-9dhms.]+ an epoch, [0-9dhms.]+ in all\n$`).MatchString(text) {
		t.Error(text)
	}
	if text := s.ok("validate", "x.yaml").stdout; strings.Contains(text, "ms a step") {
		t.Error(text)
	}
}

func TestValidateWithTimeTellsWhatOnlyShowsWhenTheModelTrains(t *testing.T) {
	s := newTorchSite(t)
	r := s.run("validate", "x.yaml", "--time", "--set", "checkpoint.monitor=val/accuracy")
	if r.code != exitMistake || !strings.Contains(r.messages, "expected train/ or val/ and one of loss, recon, kl") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
	s.write("i.yaml", "experiment: {name: a, output_dir: runs}\n")
	if r := s.run("validate", "i.yaml", "--time"); r.code != exitMistake || !strings.Contains(r.messages, "i.yaml is not a training config: --time has nothing to measure") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
}
