package trainer

import (
	"os"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

const best = "runs/a/checkpoints/best_model.pt"

// withRun makes the run runs/a.
func withRun(s *site) { s.train() }

// then makes the run runs/a and changes something about it.
func then(change func(s *site)) func(s *site) {
	return func(s *site) { withRun(s); change(s) }
}

// edited makes the run runs/a and changes what is in its checkpoint.
func edited(change func(f *checkpoint.File)) func(s *site) {
	return then(func(s *site) {
		f, err := checkpoint.Load(best)
		if err == nil {
			change(f)
			err = checkpoint.Save(best, f)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	})
}

func (s *site) remove(path string) {
	s.t.Helper()
	if err := os.RemoveAll(path); err != nil {
		s.t.Fatal(err)
	}
}

func TestExperimentsThatAreNotThereAreOneSentence(t *testing.T) {
	tryBad(t, []bad{
		{name: "misspelt directory", torch: true, prep: withRun, args: []string{"predict", "runs/b"}, want: []string{
			"trainer: experiment runs/b: not found; did you mean runs/a?"}},
		{name: "in a config", torch: true, prep: then(func(s *site) { s.write("i.yaml", "experiment: {name: other_run, output_dir: runs}\n") }), args: []string{"extract-embeddings", "i.yaml"}, want: []string{
			"trainer: experiment runs/other_run: not found; runs has a"}},
		{name: "no output_dir", args: []string{"predict", "experiments/vae/a"}, want: []string{
			"trainer: experiment experiments/vae/a: not found; the folder experiments/vae does not exist"}},
		{name: "to reproduce", args: []string{"train", "runs/a"}, want: []string{
			"trainer: experiment runs/a: not found; the folder runs does not exist"}},
		{name: "the folder of the experiments", torch: true, prep: withRun, args: []string{"predict", "runs"}, want: []string{
			"trainer: runs is not an experiment directory: neither config.yaml nor checkpoints is in it; experiments in it: a"}},
		{name: "the checkpoints of the experiment", torch: true, prep: withRun, args: []string{"predict", "runs/a/checkpoints"}, want: []string{
			"trainer: runs/a/checkpoints is not an experiment directory: neither config.yaml nor checkpoints is in it"}},
		{name: "the config of the experiment", torch: true, prep: withRun, args: []string{"predict", "runs/a/config.yaml"}, want: []string{
			"trainer: runs/a/config.yaml is the config that a run was trained with; give the run's directory: trainer predict runs/a"}},
		{name: "that exists and must not", torch: true, prep: withRun, set: []string{"experiment.on_exists=error"}, want: []string{
			`trainer: experiment "a" exists in runs; choose another experiment.name, or set experiment.on_exists to overwrite, timestamp or resume`}},
	})
}

func TestCheckpointsThatAreNotThereAreOneSentence(t *testing.T) {
	set := func(v string) []string { return []string{"checkpoint=" + v} }
	tryBad(t, []bad{
		{name: "misspelt", torch: true, prep: withRun, args: []string{"predict", "runs/a"}, set: set("bset"), want: []string{
			`trainer: runs/a/checkpoints: checkpoint "bset", expected best, last, epoch_NNN or a path; there is best_model.pt`}},
		{name: "epoch", torch: true, prep: withRun, args: []string{"predict", "runs/a"}, set: set("epoch_007"), want: []string{
			"trainer: runs/a/checkpoints: no epoch_007.pt; there is best_model.pt"}},
		{name: "path", torch: true, prep: withRun, args: []string{"predict", "runs/a"}, set: set("other/best_model.pt"), want: []string{
			"trainer: runs/a/checkpoints: checkpoint other/best_model.pt is no file; there is best_model.pt"}},
		{name: "none", torch: true, prep: then(func(s *site) { s.remove(best) }), args: []string{"predict", "runs/a"}, want: []string{
			"trainer: runs/a/checkpoints: no best_model.pt; the folder has no checkpoints: was the training run interrupted before its first epoch ended?"}},
		{name: "no folder", torch: true, prep: then(func(s *site) { s.remove("runs/a/checkpoints") }), args: []string{"predict", "runs/a"}, want: []string{
			"trainer: runs/a/checkpoints: no such folder, expected one with checkpoints"}},
		{name: "to inspect", args: []string{"inspect", "best_model.pt"}, want: []string{
			"trainer: best_model.pt: no such file or directory"}},
	})
}

func TestDamagedCheckpointsAreOneSentence(t *testing.T) {
	predict := []string{"predict", "runs/a"}
	tryBad(t, []bad{
		{name: "cut", torch: true, prep: then(func(s *site) { s.cut(best, -100) }), args: predict, want: []string{
			"trainer: " + best + ": truncated: the directory at the end of the file is missing, it was cut or is still being written; use another checkpoint or make it again"}},
		{name: "empty", torch: true, prep: then(func(s *site) { s.cut(best, 0) }), args: predict, want: []string{
			"trainer: " + best + ": empty file, expected a torch checkpoint; use another checkpoint or make it again"}},
		{name: "another kind of file", torch: true, prep: then(func(s *site) { s.write(best, small) }), args: []string{"inspect", best}, want: []string{
			"trainer: " + best + `: not a torch checkpoint: it begins with "experiment:\n  na", expected a zip file`}},
		{name: "a changed byte", torch: true, prep: then(func(s *site) {
			text := []byte(s.read(best))
			text[len(text)/2] ^= 1
			s.write(best, string(text))
		}), args: []string{"inspect", best}, want: []string{"trainer: " + best + ": damaged: the content of record …; use another checkpoint or make it again"}},
		{name: "a folder", prep: func(s *site) { s.write("best.pt/x", "") }, args: []string{"inspect", "best.pt"}, want: []string{
			"trainer: best.pt: not a regular file, expected a checkpoint (.pt)"}},
		{name: "a weight missing", torch: true, args: predict, prep: edited(func(f *checkpoint.File) {
			weights := checkpoint.NewDict()
			for k, v := range f.Model.All() {
				if k != "mu.bias" {
					weights.Set(k, v)
				}
			}
			f.Model = weights
		}), want: []string{"trainer: " + best + ": …mu.bias…; use the checkpoint with the config that it was trained with"}},
		{name: "a config that is none", torch: true, args: predict, prep: edited(func(f *checkpoint.File) {
			f.Config = checkpoint.NewDict("model", checkpoint.NewDict("type", "vae"))
		}), want: []string{
			best + ": config: model.latent_dim: missing, …", best + ": config: experiment.name: missing, …",
			best + ": config: experiment.output_dir: missing, …", best + ": config: data.source: missing, …"}},
	})
}

func TestCheckpointsOfAnotherModelAreOneSentence(t *testing.T) {
	other := func(set ...string) func(s *site) {
		return then(func(s *site) { s.train(append(set, "experiment.name=other")...) })
	}
	args, set := []string{"predict", "runs/a"}, []string{"checkpoint=runs/other/checkpoints/best_model.pt"}
	tryBad(t, []bad{
		{name: "of another type", torch: true, prep: other("model={type: sae, variant: topk, d_sae: 4, k: 2}"), args: args, set: set, want: []string{
			"trainer: runs/other/checkpoints/best_model.pt: was trained with model.type sae, but runs/a is of model.type vae; use a checkpoint of that run, or name the run that the checkpoint is of"}},
		{name: "of another size", torch: true, prep: other("model.latent_dim=3"), args: args, set: set, want: []string{
			"trainer: runs/other/checkpoints/best_model.pt: was trained with model.latent_dim 3, but runs/a is of model.latent_dim 2; …"}},
		{name: "of other layers", torch: true, prep: other("model.encoder.activation=tanh"), args: args, set: set, want: []string{
			"trainer: runs/other/checkpoints/best_model.pt: was trained with model.encoder …tanh…, but runs/a is of model.encoder …relu…; …"}},
		{name: "weights of another shape than its config says", torch: true, args: args, prep: edited(func(f *checkpoint.File) {
			f.Model.Set("mu.bias", &checkpoint.Tensor{DType: checkpoint.Float32, Shape: []int64{3}, Data: make([]byte, 12)})
		}), want: []string{"trainer: " + best + ": …mu.bias…[3]…[2]…"}},
	})
}
