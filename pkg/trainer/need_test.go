package trainer

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// What validate counts without tensors is what the trained model has.
func TestTheCountedParametersAreThoseOfTheModel(t *testing.T) {
	for _, model := range []string{
		"{type: vae, latent_dim: 2, encoder: {hidden_dims: [8, 4]}}", "{type: vae, variant: beta_vae, latent_dim: 3, encoder: {kind: conv, channels: [4, 2], hidden_dims: [5]}}",
		"{type: sae, d_sae: 16}", "{type: sae, variant: topk, d_sae: 16, k: 2}", "{type: custom_model, loss: mse, target: input, layers: [flatten, linear: 9, {layer_norm: 9}, relu, linear: 64, unflatten: [1, 8, 8]]}",
	} {
		s := newTorchSite(t)
		set := []string{"model=" + model}
		var list []validated
		if err := json.Unmarshal([]byte(s.ok(withSet([]string{"validate", "x.yaml", "--json"}, set)...).stdout), &list); err != nil {
			t.Fatal(err)
		}
		s.train(set...)
		var shown shownRun
		if err := json.Unmarshal([]byte(s.ok("show", "runs/a", "--json").stdout), &shown); err != nil {
			t.Fatal(err)
		}
		n := list[0].need
		if n.Parameters == 0 || n.Parameters != shown.Parameters {
			t.Errorf("%s: counted %d, the checkpoint has %d", model, n.Parameters, shown.Parameters)
		}
		info, err := os.Stat(best)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > n.Checkpoint || n.Memory < 16*n.Parameters || n.DiskFree == 0 {
			t.Errorf("%s: %+v, the checkpoint has %d bytes", model, n, info.Size())
		}
	}
}

func TestValidateTellsWhatDoesNotFit(t *testing.T) {
	s := newSite(t)
	for set, phrase := range map[string]string{
		"model={type: vae, latent_dim: 2, encoder: {kind: conv, channels: [4, 4, 4, 4]}}":               "x.yaml",
		"model={type: custom_model, loss: mse, target: input, layers: [conv2d: {out: 3, kernel: 9}]}":   "model.layers",
		"model={type: vae, latent_dim: 1000000000, encoder: {hidden_dims: [1000000]}}":                  "the checkpoints need up to ",
		"model={type: custom_model, loss: cross_entropy, target: labels, layers: [flatten, linear: 2]}": "model.l",
	} {
		r := s.run("validate", "x.yaml", "--set", set)
		if r.code != exitMistake || !strings.Contains(r.messages, phrase) && !strings.Contains(r.messages, "--set model=") {
			t.Errorf("%s: exit code %d, %s", set, r.code, r.messages)
		}
	}
	if got := names(t, "."); got != "x.yaml" {
		t.Errorf("made %s", got)
	}
}
