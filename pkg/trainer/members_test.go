package trainer

import (
	"strings"
	"syscall"
	"testing"
)

// saes is a config of three members.
const saes = `experiment: {name: m, output_dir: runs, seed: 7}
data: {source: synthetic_sparse, count: 128, dim: 8, atoms: 16, active: 2, batch_size: 16}
model:
  type: sae
  d_sae: 16
  members:
    - {variant: topk, k: 2}
    - {variant: batch_topk, k: 3, d_sae: 24, seed: 1}
    - {variant: relu_l1, l1_coefficient: 0.05, name: l1}
training: {epochs: 3, threads: 1, device: cpu, log_every_steps: 2}
checkpoint: {save_strategy: all}
`

var saeRuns = []string{"m_variant-topk_k-2", "m_variant-batch_topk_k-3_d_sae-24_seed-1", "m_l1"}

// Each member is the run that its own saved config trains alone, to the bit.
func TestMembersAreTheRunsThatTheyAreAlone(t *testing.T) {
	s := newTorchSite(t)
	s.write("m.yaml", saes)
	r := s.ok("train", "m.yaml")
	if lines := strings.Split(strings.TrimSpace(r.stdout), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[0], "RUN") || !strings.HasSuffix(lines[3], "runs/m_l1") {
		t.Errorf("stdout %q", r.stdout)
	}
	if !strings.Contains(r.messages, "m_l1: epoch 3/3  step 21") {
		t.Errorf("messages %s", r.messages)
	}
	for _, name := range saeRuns {
		dir := "runs/" + name
		if text := s.read(dir + "/config.yaml"); strings.Contains(text, "members") {
			t.Errorf("%s: %s", dir, text)
		}
		s.write("alone.yaml", s.read(dir+"/config.yaml"))
		s.ok("train", "alone.yaml", "--set", "experiment.output_dir=alone")
		s.same("alone/"+name, dir)
	}
}

// A killed set of members goes on, each from where it stands.
func TestMembersGoOn(t *testing.T) {
	s := newTorchSite(t)
	s.write("m.yaml", strings.Replace(saes, "epochs: 3", "epochs: 60", 1))
	c := start(t, "train", "m.yaml")
	c.until(reaches("runs/m_l1", 30))
	c.send(syscall.SIGKILL)
	c.wait()
	s.ok("train", "m.yaml", "--set", "experiment.on_exists=resume")
	s.ok("train", "m.yaml", "--set", "experiment.output_dir=whole")
	for _, name := range saeRuns {
		s.same("whole/"+name, "runs/"+name)
	}
}

func TestWhatIsWrongWithMembersIsToldBeforeAnythingIsWritten(t *testing.T) {
	s := newTorchSite(t)
	for change, want := range map[[2]string]string{
		{"{variant: topk, k: 2}", "{variant: topk, k: 20}"}:      "m.yaml:7:23: model.members[0].k: found 20, expected at most d_sae, which is 16",
		{"batch_topk, k: 3, d_sae: 24, seed: 1", "topk, k: 2"}:   "model.members[1]: found the same as members[0]",
		{"batch_size: 16", "batch_size: auto"}:                   "data.batch_size: auto is found for one model",
		{"type: sae\n  d_sae: 16", "type: vae\n  latent_dim: 2"}: "model.members[0].variant",
	} {
		s.write("m.yaml", strings.Replace(saes, change[0], change[1], 1))
		if r := s.run("train", "m.yaml"); r.code != exitMistake || !strings.Contains(r.messages, want) {
			t.Errorf("%v: %s, want %s", change, r.messages, want)
		}
	}
	s.write("m.yaml", small) // members of a vae
	if r := s.run("train", "m.yaml", "--set", "model.members=[{latent_dim: 3}]"); r.code != exitMistake || !strings.Contains(r.messages, "expected those of an sae") {
		t.Error(r.messages)
	}
	if names(t, "runs") != "" {
		t.Error("something was written")
	}
	s.write("m.yaml", saes)
	for _, args := range [][]string{{"sweep", "m.yaml", "--grid", "model.d_sae=16,32"}, {"verify-resume", "m.yaml"}} {
		if r := s.run(args...); r.code != exitMistake || !strings.Contains(r.messages, "model.members: ") {
			t.Errorf("%v: %s", args, r.messages)
		}
	}
	if r := s.ok("validate", "m.yaml"); strings.Count(r.stdout, "ok, train") != 3 {
		t.Error(r.stdout)
	}
}
