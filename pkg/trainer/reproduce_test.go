package trainer

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

// same fails where two checkpoints differ in a bit of what training made.
func same(t *testing.T, a, b *checkpoint.File) {
	t.Helper()
	for _, part := range []struct {
		name string
		a, b any
	}{
		{"epoch", a.Epoch, b.Epoch}, {"metric_value", a.MetricValue, b.MetricValue},
		{"model_state_dict", checkpoint.ToGo(a.Model), checkpoint.ToGo(b.Model)},
		{"optimizer_state_dict", checkpoint.ToGo(a.Optimizer), checkpoint.ToGo(b.Optimizer)},
		{"random_state", checkpoint.ToGo(a.RandomState), checkpoint.ToGo(b.RandomState)},
	} {
		if !reflect.DeepEqual(part.a, part.b) {
			t.Errorf("%s differs", part.name)
		}
	}
	if !reflect.DeepEqual(weights(a), weights(b)) {
		t.Error("the weights differ")
	}
}

// weights are the bytes of the model's tensors by name.
func weights(f *checkpoint.File) map[any]string {
	w := map[any]string{}
	for name, t := range f.Model.All() {
		w[name] = string(t.(*checkpoint.Tensor).Data)
	}
	return w
}

func TestTheSameSeedGivesTheSameBits(t *testing.T) {
	for name, set := range map[string][]string{
		"vae": {"model.encoder.hidden_dims=[16,8]"},
		"sae": {"model={type: sae, variant: topk, d_sae: 16, k: 2}", "data={source: synthetic_sparse, count: 128, dim: 8, atoms: 16, active: 2, batch_size: 16}"},
		"custom": {"model={type: custom_model, loss: cross_entropy, layers: [conv2d: {out: 4, kernel: 3}, batch_norm2d, relu, flatten, dropout, linear: 4]}",
			"data.label=shape"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTorchSite(t)
			set = append(set, "training.epochs=2", "training.threads=2", "checkpoint.save_strategy=last")
			s.train(append(set, "experiment.name=one")...)
			s.train(append(set, "experiment.name=two")...)
			s.train(append(set, "experiment.name=other", "experiment.seed=8")...)
			one, two, other := s.load("runs/one/checkpoints/last_model.pt"), s.load("runs/two/checkpoints/last_model.pt"), s.load("runs/other/checkpoints/last_model.pt")
			same(t, one, two)
			if reflect.DeepEqual(weights(one), weights(other)) {
				t.Error("another seed gives the same weights")
			}
		})
	}
}

// The saved config holds overrides and defaults, wherever the run's directory is by
// then; on_exists is not read from it.
func TestARunsDirectoryReproducesIt(t *testing.T) {
	s := newTorchSite(t)
	s.train("training.epochs=2", "model.encoder.hidden_dims=[16,8]", "experiment.on_exists=error", "checkpoint.save_strategy=all")
	want := map[string]*checkpoint.File{}
	for _, name := range []string{"best_model", "epoch_001", "epoch_002", "last_model"} {
		want[name] = s.load("runs/a/checkpoints/" + name + ".pt")
	}
	config := s.read("runs/a/config.yaml")
	again := func(dir string, args ...string) {
		t.Helper()
		s.remove(dir + "/checkpoints/best_model.pt")
		if r := s.ok(args...); r.stdout != dir+"\n" {
			t.Errorf("the run is in %s", r.stdout)
		}
		for name, f := range want {
			same(t, f, s.load(dir+"/checkpoints/"+name+".pt"))
		}
		if s.read(dir+"/config.yaml") != config {
			t.Errorf("config.yaml of %s differs:\n%s", dir, s.read(dir+"/config.yaml"))
		}
	}
	again("runs/a", "train", "runs/a", "-q")
	again("runs/a", "train", "runs/a/", "-q")
	again("runs/a", "train", "runs/a/config.yaml", "-q")
	again("runs/a", "train", "--config", "./runs/a/config.yaml", "-q")
	if err := os.MkdirAll("kept/there", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("runs/a", "kept/there/b"); err != nil {
		t.Fatal(err)
	}
	again("kept/there/b", "train", "kept/there/b", "-q")
	if got := names(t, "runs"); strings.Contains(got, " a") {
		t.Errorf("runs has %s", got)
	}
}

// `.` and a config without a folder before it mean the directory that the user is in.
func TestTheWorkingDirectoryCanBeTheRun(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	want := s.load(best)
	t.Chdir("runs/a")
	s.ok("predict", ".")
	if got := names(t, "."); got != ".trainer checkpoints config.yaml logs predictions" {
		t.Errorf("the run has %s", got)
	}
	s.ok("train", "config.yaml")
	t.Chdir(s.dir) // the old directory is gone
	same(t, want, s.load(best))
	if got := names(t, "runs/a"); got != ".trainer checkpoints config.yaml logs" {
		t.Errorf("the run has %s", got)
	}
}
