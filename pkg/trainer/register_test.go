package trainer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

var builtCustomGo = sync.OnceValues(func() (string, error) { return build("examples/custom-go", "custom-go") })

// What examples/custom-go/README.md shows is done with the program that it builds: a model
// of a user's own goes through every command.
func TestAProgramWithAModelOfItsOwn(t *testing.T) {
	needTorch(t)
	program, err := builtCustomGo()
	if err != nil {
		t.Fatal(err)
	}
	example := filepath.Join(source, "..", "..", "examples", "custom-go")
	s := newSite(t)
	s.write("examples/custom-go/config.yaml", strings.Replace(s.read(filepath.Join(example, "config.yaml")), "source: shapes", "source: shapes\n  count: 512", 1))
	if err := os.Symlink(filepath.Dir(program), "bin"); err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(s.read(filepath.Join(example, "README.md")), "```bash\n")
	block, _, _ = strings.Cut(block, "```")
	commands := 0
	for line := range strings.Lines(block) {
		words := strings.Fields(line)
		if words[0] != "bin/custom-go" {
			continue
		}
		if r := runProcess(t, builtCustomGo, nil, words[1:]...); r.code != exitDone {
			t.Fatalf("%s: exit code %d\n%s", line, r.code, r.messages)
		}
		commands++
	}
	run := "experiments/custom_model/masked_ae"
	for _, path := range []string{"embeddings/train_embeddings.npy", "predictions/test_predictions.npy"} {
		if _, err := os.Stat(filepath.Join(run, path)); err != nil {
			t.Error(err)
		}
	}
	if commands < 5 || !strings.Contains(s.read(filepath.Join(run, "config.yaml")), "width: 256") {
		t.Errorf("%d commands were run; the config is\n%s", commands, s.read(filepath.Join(run, "config.yaml")))
	}
	r := runProcess(t, builtCustomGo, nil, "verify-resume", "examples/custom-go/config.yaml", "--set", "training.epochs=2")
	if r.code != exitDone {
		t.Errorf("verify-resume: exit code %d\n%s", r.code, r.messages)
	}
	r = runProcess(t, builtCustomGo, nil, "validate", "examples/custom-go/config.yaml", "--set", "model.latent_dim=2000")
	if want := "model.latent_dim: found 2000, expected less than the 1024 numbers of a sample"; r.code != exitMistake || !strings.Contains(r.messages, want) {
		t.Errorf("exit code %d, messages %s, want %q", r.code, r.messages, want)
	}
}

func TestRegisteredModelsStandBesideTheirType(t *testing.T) {
	defer func(before model.Registry) { registered = before }(registered)
	v := model.Variant{Params: func() any { return new(struct{}) }, Build: func(any, model.Inputs, nn.Options) (model.Model, error) { return nil, nil }}
	Register("mine", v)
	v.Type = "vae"
	Register("mine", v)
	if got := fmt.Sprint(models().Variants("vae")); !strings.HasSuffix(got, " mine]") {
		t.Errorf("variants of vae: %s", got)
	}
	if got := fmt.Sprint(models().Types()); got != "[vae sae custom_model]" {
		t.Errorf("types: %s", got)
	}
	if got := models().Default("custom_model"); got != "custom" {
		t.Errorf("default of custom_model: %s", got)
	}
	for name, v := range map[string]model.Variant{"mine": v, "vae": v, "My model": v, "theirs": {}} {
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.HasPrefix(p, "trainer.Register: ") {
					t.Errorf("%q: panic = %v", name, p)
				}
			}()
			Register(name, v)
		}()
	}
}
