package gpu

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// base is a config of some milliseconds a step; the tests change lines of it.
const base = `experiment: {name: a, output_dir: runs, seed: 7}
data: {source: shapes, count: 640, image_size: 16, batch_size: 48}
model: %s
training:
  steps: %d
  threads: 1
  device: %s
  optimizer: {name: adam, lr: 1.0e-3}
  scheduler: {name: cosine, warmup_steps: 20}
  grad_clip: {max_norm: 1.0}
  accumulate: 2
  log_every_steps: 1
checkpoint: {save_strategy: all}
`

// programs are the models that whole runs are tried with; the conv one on its own, as
// its kernels are cuDNN's.
var programs = map[string]string{
	"vae":        "{type: vae, latent_dim: 4, encoder: {hidden_dims: [64]}}",
	"conv":       "{type: vae, variant: beta_vae, latent_dim: 4, beta: 2, encoder: {kind: conv, channels: [8, 8], hidden_dims: [32]}}",
	"relu_l1":    "{type: sae, d_sae: 512, sparsity_warmup_steps: 50}",
	"topk":       "{type: sae, variant: topk, d_sae: 512, k: 8, aux_k: 16, dead_after_samples: 500}",
	"classifier": "{type: custom_model, loss: cross_entropy, layers: [flatten, linear: 32, batch_norm1d, relu, dropout: 0.2, linear: 4]}",
}

// length is the number of steps of a run: the CPU compares with itself.
func length() int {
	if device.IsCUDA() {
		return 200
	}
	return 40
}

// site is an empty folder with the config of one model.
type site struct {
	t       *testing.T
	program string
}

func newSite(t *testing.T, model string) *site {
	t.Helper()
	program := beside("bin/trainer")
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("TRAINER_REQUIRE_LIBTORCH") != "" && device.IsCUDA() {
			t.Fatal(err)
		}
		t.Skip("bin/trainer is not built; run `make build`")
	}
	if os.Getenv("TRAINER_LIB") == "" {
		t.Setenv("TRAINER_LIB", beside("lib"))
	}
	t.Chdir(t.TempDir())
	text := fmt.Sprintf(base, programs[model], length(), device)
	if model == "classifier" {
		text = strings.Replace(text, "batch_size: 48", "label: shape, batch_size: 48", 1)
	}
	if err := os.WriteFile("x.yaml", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return &site{t, program}
}

// trainer runs the program and answers its messages and exit code.
func (s *site) trainer(args ...string) (messages string, code int) {
	s.t.Helper()
	cmd := exec.Command(s.program, append(args, "--no-progress")...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (s *site) ok(args ...string) string {
	s.t.Helper()
	messages, code := s.trainer(args...)
	if code != 0 {
		s.t.Fatalf("trainer %s: exit code %d\n%s", strings.Join(args, " "), code, messages)
	}
	return messages
}

// steps are the lines of a run's metrics.jsonl without what differs from run to run.
func (s *site) steps(name string) []string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("runs", name, "logs", "metrics.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			s.t.Fatal(err)
		}
		for key := range record {
			if key == "time" || strings.HasPrefix(key, "system/") {
				delete(record, key)
			}
		}
		clean, _ := json.Marshal(record) // keys in order
		lines = append(lines, string(clean))
	}
	return lines
}

func (s *site) same(what, a, b string) {
	s.t.Helper()
	x, y := s.steps(a), s.steps(b)
	if slices.Equal(x, y) {
		return
	}
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			s.t.Fatalf("%s: line %d of %s and %s differ:\n%s\n%s", what, i+1, a, b, x[i], y[i])
		}
	}
	s.t.Fatalf("%s: %d and %d lines", what, len(x), len(y))
}

// graph is the setting that insists on captured steps where there are any.
func graph() string {
	if device.IsCUDA() {
		return "training.cuda_graph=on"
	}
	return "training.cuda_graph=auto"
}

func TestCapturedStepsAreThePlainSteps(t *testing.T) {
	for name := range programs {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, name)
			s.ok("train", "x.yaml", "--set", graph(), "--set", "experiment.name=captured")
			s.ok("train", "x.yaml", "--set", "training.cuda_graph=off", "--set", "experiment.name=plain")
			s.same("every step", "captured", "plain")
		})
	}
}

func TestARunIsTheSameWhenItIsRunAgain(t *testing.T) {
	for name := range programs {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, name)
			s.ok("train", "x.yaml", "--set", "experiment.name=one")
			s.ok("train", "x.yaml", "--set", "experiment.name=two")
			s.same("two runs", "one", "two")
		})
	}
}

func TestAKilledAndResumedRunIsTheSameRun(t *testing.T) {
	for name := range programs {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, name)
			if out := s.ok("verify-resume", "x.yaml", "--cuts", "2", "--steps", "60", "--set", graph()); !strings.Contains(out, "identical") {
				t.Error(out)
			}
		})
	}
}

func TestACheckpointMovesBetweenDevices(t *testing.T) {
	for _, d := range [][2]string{{device.String(), "cpu"}, {"cpu", device.String()}} {
		t.Run(d[0]+" to "+d[1], func(t *testing.T) {
			s := newSite(t, "vae")
			s.ok("train", "x.yaml", "--set", "training.device="+d[0], "--set", "training.steps=30")
			s.ok("predict", "runs/a", "--set", "device="+d[1])
			s.ok("extract-embeddings", "runs/a", "--set", "device="+d[1])
			s.ok("resume", "runs/a", "--set", "training.device="+d[1], "--set", "training.steps=60")
			if n := len(s.steps("a")); n < 60 {
				t.Errorf("%d records of 60 steps", n)
			}
		})
	}
}

func TestEveryPrecisionLearns(t *testing.T) {
	for _, precision := range []string{"fp32", "tf32", "bf16", "fp16"} {
		t.Run(precision, func(t *testing.T) {
			if !device.IsCUDA() && (precision == "tf32" || precision == "fp16") {
				skip(t, precision+" is computed on a GPU only")
			}
			for name := range programs {
				s := newSite(t, name)
				s.ok("train", "x.yaml", "--set", graph(), "--set", "training.precision="+precision)
				first, last := s.loss(0), s.loss(length()-1)
				if !(last < first) {
					t.Errorf("%s: train/loss went from %v to %v", name, first, last)
				}
			}
		})
	}
}

// loss is train/loss of the run's nth step record.
func (s *site) loss(n int) float64 {
	s.t.Helper()
	for _, line := range s.steps("a") {
		var record struct {
			Kind string
			Step int
			Loss any `json:"train/loss"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			s.t.Fatal(err)
		}
		if loss, ok := record.Loss.(float64); ok && record.Kind == "step" && record.Step == n+1 {
			return loss
		}
	}
	s.t.Fatalf("there is no loss of step %d", n+1)
	return 0
}

func TestTooLittleMemoryIsOneSentence(t *testing.T) {
	if !device.IsCUDA() {
		skip(t, "the memory of this machine is not this suite's to fill")
	}
	s := newSite(t, "topk")
	out, code := s.trainer("train", "x.yaml", "--set", "model.d_sae=4000000", "--set", "data.count=400000", "--set", "data.batch_size=262144")
	if code == 0 || strings.Count(strings.TrimSpace(out), "\n") > 3 || !strings.Contains(out, "memory") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if _, err := os.Stat("runs/a/checkpoints"); err == nil {
		t.Error("a run was left behind")
	}
}
