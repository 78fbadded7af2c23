package trainer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

func TestFlagsStandOnEitherSideOfTheArgument(t *testing.T) {
	for _, args := range [][]string{
		{"train", "--set", "experiment.seed=9", "-q", "x.yaml"},
		{"train", "x.yaml", "--set", "experiment.seed=9", "-q"},
		{"train", "--set=experiment.seed=9", "x.yaml", "--quiet"},
		{"train", "-q", "--config", "x.yaml", "--set", "experiment.seed=9"},
		{"train", "--set", "experiment.seed=9", "-q", "--", "x.yaml"},
		{"train", "x.yaml", "--set", "experiment.seed=8", "-q", "--set", "experiment.seed=9"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			s := newTorchSite(t)
			r := s.ok(args...)
			if r.stdout != "runs/a\n" || r.messages != "" {
				t.Errorf("stdout %q, stderr %q", r.stdout, r.messages)
			}
			if saved := s.read("runs/a/config.yaml"); !strings.Contains(saved, "  seed: 9\n") {
				t.Error(saved)
			}
		})
	}
}

func TestSetTakesListsAndSections(t *testing.T) {
	s := newTorchSite(t)
	s.train("model.encoder.hidden_dims=[16,4]", "training.optimizer={name: sgd, lr: 0.01}")
	saved := s.read("runs/a/config.yaml")
	for _, want := range []string{"hidden_dims: [16, 4]", "name: sgd", "lr: 0.01"} {
		if !strings.Contains(saved, want) {
			t.Errorf("no %q in\n%s", want, saved)
		}
	}
	f := s.load(best)
	if w, _ := f.Model.Get("encoder.2.weight"); w == nil || w.(*checkpoint.Tensor).NumElements() != 16*4 {
		t.Errorf("encoder.2.weight is %v", w)
	}
}

// load reads a checkpoint.
func (s *site) load(path string) *checkpoint.File {
	s.t.Helper()
	f, err := checkpoint.Load(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

func TestQuietLeavesOnlyResultsAndWarnings(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	for _, c := range []struct {
		args           []string
		stdout, stderr string
	}{
		{[]string{"train", "x.yaml", "-q"}, "runs/a\n", ""},
		{[]string{"extract-embeddings", "runs/a", "-q"}, "runs/a/embeddings/train_embeddings.npy [52 2]\nruns/a/embeddings/val_embeddings.npy [6 2]\nruns/a/embeddings/test_embeddings.npy [6 2]\n", ""},
		{[]string{"predict", "runs/a", "-q"}, "runs/a/predictions/test_predictions.npy [6 1 8 8]\n", ""},
		{[]string{"predict", "runs/a", "-q", "--set", "checkpoint=last"}, "runs/a/predictions/test_predictions.npy [6 1 8 8]\n", "note: checkpoint last: runs/a/checkpoints has no last_model.pt; using best_model.pt\n"},
	} {
		if r := s.ok(c.args...); r.stdout != c.stdout || r.messages != c.stderr {
			t.Errorf("%v: stdout %q, stderr %q", c.args, r.stdout, r.messages)
		}
	}
}

func TestVerboseTellsOfTheRun(t *testing.T) {
	s := newTorchSite(t)
	for _, c := range [][2]string{{"train x.yaml -v", "…device     cpu;…threads    1;…52 train, 6 val, 6 test…"}, {"predict runs/a -v", "…device cpu, 1 threads…52 train, 6 val, 6 test…"}} {
		if r := s.ok(strings.Fields(c[0])...); !like(r.messages, c[1]) {
			t.Errorf("%s: %s", c[0], r.messages)
		}
	}
}

func TestJSONIsTheWholeOfStdout(t *testing.T) {
	s := newTorchSite(t)
	for _, c := range []struct {
		args []string
		keys string // that the result has
	}{
		{[]string{"train", "x.yaml"}, "dir epochs steps monitor best best_epoch stopped_early seconds config checkpoint log next"},
		{[]string{"extract-embeddings", "runs/a"}, "checkpoint epoch files"},
		{[]string{"predict", "runs/a"}, "checkpoint epoch files"},
		{[]string{"inspect", best}, "path epoch metric_value tensors trainer_state"},
		{[]string{"version"}, "trainer libtorch go os"},
	} {
		r := s.ok(append(c.args, "--json")...)
		var got map[string]any
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
			t.Errorf("%v: %v in %s", c.args, err, r.stdout)
		}
		for _, key := range strings.Fields(c.keys) {
			if _, ok := got[key]; !ok {
				t.Errorf("%v: no %s in %s", c.args, key, r.stdout)
			}
		}
	}
	var list []map[string]any
	if r := s.ok("validate", "x.yaml", "--json"); json.Unmarshal([]byte(r.stdout), &list) != nil || len(list) != 1 || list[0]["steps"] != 4.0 {
		t.Error(r.stdout)
	}
}

func TestHelpIsShownHoweverItIsAskedFor(t *testing.T) {
	s := newSite(t)
	for _, args := range [][]string{{"--help"}, {"-h"}, {}, {"help"}} {
		if r := s.ok(args...); !like(r.stdout, "NAME\n…Exit codes:…TRAIN\n   train …EXAMPLES\n   trainer init…") {
			t.Errorf("%v: %s", args, r.stdout)
		}
	}
	for _, c := range newApp(nil, nil).Commands {
		for _, name := range c.Names() {
			for _, args := range [][]string{{name, "--help"}, {"help", name}, {name, "x.yaml", "-h"}} {
				want := "NAME\n   trainer " + c.Name + "…DESCRIPTION\n…OPTIONS\n…--help, -h…EXIT CODES\n…EXAMPLES\n   trainer " + c.Name + "…SEE ALSO\n…"
				if r := s.ok(args...); !like(r.stdout, want) {
					t.Errorf("%v: %s", args, r.stdout)
				}
			}
		}
	}
	if r := s.ok("--version"); !strings.HasPrefix(r.stdout, "trainer ") {
		t.Error(r.stdout)
	}
}

func TestValidateTellsWhatWouldHappenAndMakesNothing(t *testing.T) {
	s := newSite(t)
	s.write("i.yaml", "experiment: {name: a, output_dir: runs}\n")
	before := listing(t, s.dir)
	want := "x.yaml: ok, train runs/a, samples of shape [1 8 8]: 52 train, 6 val, 6 test; 12 steps; 1156 parameters, 18.5 kB of memory besides activations, up to 63.0 kB of checkpoints\n"
	if r := s.ok("validate", "x.yaml", "--set", "training.epochs=3"); r.stdout != want {
		t.Errorf("found %swant  %s", r.stdout, want)
	}
	if r := s.ok("validate", "--config", "i.yaml"); r.stdout != "i.yaml: ok, infer runs/a\n" {
		t.Error(r.stdout)
	}
	unchanged(t, before, listing(t, s.dir))
}
