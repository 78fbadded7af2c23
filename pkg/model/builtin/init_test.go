package builtin_test

import (
	"encoding/json"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Modules are made in torch's order, so that a seed means the same initial weights as
// in a plain PyTorch model.
func TestDefaultInitialisationOfModelsIsPyTorchs(t *testing.T) {
	var table []struct {
		Name       string
		Model      map[string]any
		Seed       int64
		InputShape []int64 `json:"input_shape"`
	}
	torchtest.ReadTable(t, "init", &table)
	golden := torchtest.OpenGolden(t, "init")
	models := 0
	for _, g := range table {
		if g.Model == nil {
			continue
		}
		models++
		t.Run(g.Name, func(t *testing.T) {
			if g.Model["type"] == "custom_model" { // what initialisation does not depend on
				g.Model["loss"] = "mse"
			}
			text, err := json.Marshal(g.Model)
			if err != nil {
				t.Fatal(err)
			}
			in := model.Inputs{Shape: g.InputShape, LabelShape: []int64{2}}
			seeded(t, g.Seed, string(text), in, torch.Float32, func(m model.Model) {
				for _, p := range nn.StateDict(m) {
					torchtest.SameBits(t, p.Name, p.Tensor, golden.Get(g.Name+"."+p.Name))
				}
			})
		})
	}
	if models != 6 {
		t.Errorf("%d models have golden data, expected 6", models)
	}
}
