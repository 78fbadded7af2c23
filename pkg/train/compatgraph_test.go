package train_test

import (
	"encoding/json"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
)

// The configs that follow a library, as the trainings of the libraries have them.
func TestCapturedStepsOfCompatArePlainSteps(t *testing.T) {
	var cases []struct {
		Name, Type, Variant string
		Params              map[string]any
	}
	torchtest.ReadTable(t, "../references/cases", &cases)
	done := map[string]bool{}
	for i, c := range cases {
		c.Params["type"], c.Params["variant"] = c.Type, c.Variant
		section, err := json.Marshal(c.Params) // JSON is YAML
		if err != nil {
			t.Fatal(err)
		}
		if done[string(section)] {
			continue // it differs in its data
		}
		done[string(section)] = true
		t.Run(c.Name, func(t *testing.T) {
			run := captured{section: string(section), cfg: capturedConfig(optimizers[i%len(optimizers)])}
			run.cfg.Steps = 101
			checkCaptured(t, run)
		})
	}
	if len(done) < 30 {
		t.Errorf("%d configs, expected those of 12 pairs of library and variant at least", len(done))
	}
}
