package train_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/train"
)

// Each optimizer moves its own part of the model and no other.
func TestAnAdversaryHasItsOwnOptimizer(t *testing.T) {
	const section = "{type: vae, variant: factor_vae, latent_dim: 2, encoder: {hidden_dims: [8]}, discriminator: {hidden_dims: [6], lr: %v}}"
	trained := func(lr, adversary float64) []train.Tensor {
		c := captured{section: fmt.Sprintf(section, adversary), cfg: capturedConfig(optimizers[0])}
		c.cfg.Steps, c.cfg.Schedule = 51, schedule.LR{Name: schedule.Constant, Base: lr}
		_, kept, _ := c.run(t, false)
		return kept.rungs[0].Model
	}
	both, model, adversary := trained(0.01, 0.01), trained(0.01, 1e-30), trained(0, 0.01)
	neither := trained(0, 1e-30)
	for i, start := range neither {
		moved := func(by []train.Tensor) bool { return !bytes.Equal(by[i].Data, start.Data) }
		part := strings.HasPrefix(start.Name, "discriminator.")
		if !moved(both) || moved(model) == part || moved(adversary) != part {
			t.Errorf("%s moves by both: %v, by the model's optimizer alone: %v, by the adversary's: %v", start.Name, moved(both), moved(model), moved(adversary))
		}
	}
}

// Weights and biases of the adversary's two layers have their moments in the snapshot.
func TestASnapshotHasTheAdversarysMoments(t *testing.T) {
	c := captured{section: "{type: vae, variant: factor_vae, latent_dim: 2, encoder: {hidden_dims: [8]}, discriminator: {hidden_dims: [6]}}", cfg: capturedConfig(optimizers[0])}
	c.cfg.Steps = 51
	_, kept, _ := c.run(t, false)
	if kept.rungs[0].Adversary == nil || len(kept.rungs[0].Adversary.State) != 4 {
		t.Fatalf("the snapshot has %+v of the adversary's optimizer", kept.rungs[0].Adversary)
	}
}
