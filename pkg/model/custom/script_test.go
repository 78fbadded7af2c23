package custom

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// built makes a model of testdata/NAME.pt; what the files hold is told in
// interop/make_script_testdata.py.
func built(t *testing.T, c *Config, in model.Inputs, fn func(*scripted, error)) {
	t.Helper()
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		m, err := Custom().Build(c, in, nn.Default(scope))
		s, _ := m.(*scripted)
		fn(s, err)
		return nil
	})
}

func scriptConfig(name string) *Config {
	return &Config{TorchScript: filepath.Join("testdata", name), Objective: Objective{Loss: "mse", Target: "labels"}}
}

// A layer that has two names is one parameter, saved under both; a frozen one is saved and
// not trained.
func TestTensorsOfAScriptAreThoseOfItsStateDict(t *testing.T) {
	in := model.Inputs{Shape: []int64{4}, LabelShape: []int64{2}}
	built(t, scriptConfig("tied.pt"), in, func(m *scripted, err error) {
		if err != nil {
			t.Fatal(err)
		}
		var state, trained []string
		for _, p := range nn.StateDict(m) {
			state = append(state, p.Name)
		}
		for _, p := range nn.Params(m) {
			trained = append(trained, p.Name)
		}
		if want := []string{"first.weight", "again.weight", "frozen.weight", "rest.0.weight", "rest.0.bias"}; !slices.Equal(state, want) {
			t.Errorf("state dict %v, want %v", state, want)
		}
		if moved := nn.Buffers(m); len(moved) > 0 {
			t.Errorf("a step is to take back %v, and none of these moves", moved)
		}
		if want := []string{"first.weight", "rest.0.weight", "rest.0.bias"}; !slices.Equal(trained, want) {
			t.Errorf("trained are %v, want %v", trained, want)
		}
		x := torch.Ones([]int64{3, 4})
		before := m.Predict(x).Sum().Item()
		torch.NoGrad(func() { nn.StateDict(m)[1].Tensor.Fill_(0) })
		torchtest.Near(t, "first.weight after again.weight", nn.StateDict(m)[0].Tensor.Abs().Sum(), 0, 0)
		if after := m.Predict(x).Sum().Item(); after == before {
			t.Error("the module does not see its weights change")
		}
	})
}

// Training and evaluation are the module's own, and a step of each does not depend on how
// many there were before.
func TestAScriptKnowsWhetherItIsTrained(t *testing.T) {
	c := scriptConfig("net.pt")
	c.Loss = "cross_entropy"
	built(t, c, model.Inputs{Shape: []int64{1, 8, 8}, LabelShape: []int64{}, Classes: 5}, func(m *scripted, err error) {
		if err != nil {
			t.Fatal(err)
		}
		x := torchtest.Wave(6, 64, 0, 1).To(torch.Float32).Reshape([]int64{6, 1, 8, 8})
		batch := model.Batch{X: x, Y: torch.Zeros([]int64{6})}
		first := m.Loss(&model.Context{}, batch).Loss.Item()
		trained := m.Loss(&model.Context{Train: true}, batch).Loss.Item()
		if trained == first {
			t.Error("training mode changes nothing")
		}
		mean := nn.StateDict(m)[5].Tensor // norm.running_mean was moved
		if nn.StateDict(m)[5].Name != "norm.running_mean" || mean.Abs().Sum().Item() == 0 {
			t.Errorf("%s is %v after a step", nn.StateDict(m)[5].Name, mean.Float64s())
		}
		second := m.Loss(&model.Context{}, batch).Loss.Item()
		for range 4 {
			if again := m.Loss(&model.Context{}, batch).Loss.Item(); again != second {
				t.Errorf("evaluation gives %v, then %v", second, again)
			}
		}
		z, err := m.Embed(x, "", nil)
		if err != nil || !slices.Equal(z.Shape(), []int64{6, 5}) {
			t.Errorf("embedding %v, %v", z, err)
		}
	})
}

// A model that a checkpoint has kept is built without the file.
func TestAScriptIsBuiltFromWhatWasKept(t *testing.T) {
	c := scriptConfig("tied.pt")
	content, err := os.ReadFile(c.TorchScript)
	if err != nil {
		t.Fatal(err)
	}
	c.TorchScript = "gone.pt"
	c.Restore(content)
	built(t, c, model.Inputs{Shape: []int64{4}, LabelShape: []int64{2}}, func(m *scripted, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if kept := nn.States(m); len(kept) != 1 || kept[0].Name != model.FileState || !slices.Equal(kept[0].Tensor.Raw(), content) {
			t.Errorf("kept beside the state dict: %v", kept)
		}
	})
}

func TestWhatIsNoScriptIsOneSentence(t *testing.T) {
	numbers := model.Inputs{Shape: []int64{4}, LabelShape: []int64{2}}
	garbage := filepath.Join(t.TempDir(), "x.pt")
	if err := os.WriteFile(garbage, []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   model.Inputs
		want string
	}{
		"missing.pt": {numbers, "there is no file testdata/missing.pt; write one with torch.jit.script(module).save("},
		"weights.pt": {numbers, "testdata/weights.pt holds no module's code, only data, as torch.save writes it"},
		garbage:      {numbers, "is no TorchScript file (zip: not a valid zip file)"},
		"double.pt":  {numbers, "testdata/double.pt has no parameters to train"},
		"pair.pt":    {numbers, "forward gives a Tuple, expected one tensor"},
		"tied.pt":    {model.Inputs{Shape: []int64{3}, LabelShape: []int64{2}}, "does not take samples of shape [3] as [2 …] float32: torchscript: shape mismatch, input [2 3] ("},
		"./tied.pt":  {model.Inputs{Shape: []int64{4}, LabelShape: []int64{5}}, "gives [2], but a label has the shape [5]"},
	} {
		cfg := scriptConfig(name)
		if name == garbage {
			cfg.TorchScript = garbage
		}
		built(t, cfg, c.in, func(_ *scripted, err error) {
			var mistake *model.Mistake
			if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: err = %v, want %q", name, err, c.want)
			}
		})
	}
}

// What a config is checked for before libtorch is there.
func TestASizeOfAScriptIsKnownWithoutLibtorch(t *testing.T) {
	numbers := int64(0)
	plan := func(shape []int64, _ torch.DType, trained bool) {
		if trained {
			numbers += shape[0]
		}
	}
	_, err := Custom().Build(scriptConfig("tied.pt"), model.Inputs{Shape: []int64{4}, LabelShape: []int64{2}}, nn.Options{Plan: plan})
	if err != nil || numbers != 16+16+8+2 {
		t.Errorf("%d numbers, %v", numbers, err)
	}
	for section, want := range map[string]string{
		"torchscript: a.pt, layers: [relu], loss: mse": "layers",
		"torchscript: a.pt":                            "loss: missing",
		"torchscript: 3, loss: mse":                    "expected",
	} {
		if _, err := parse(section); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %q", section, err, want)
		}
	}
}
