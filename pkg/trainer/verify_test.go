package trainer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

// verifyWith runs verify-resume on x.yaml with the built program for its children.
func (s *site) verifyWith(asJSON bool, between func(dir string) error) (verdict, error) {
	s.t.Helper()
	program, err := built()
	if err != nil {
		s.t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	v := &verifier{out: &console{stdout: &stdout, stderr: &stderr, json: asJSON}, program: program, cuts: 2, steps: 30, between: between}
	err = v.run(context.Background(), "x.yaml", nil)
	var told verdict
	if asJSON {
		if jsonErr := json.Unmarshal(stdout.Bytes(), &told); jsonErr != nil {
			s.t.Fatalf("%v in %q; %v", jsonErr, &stdout, err)
		}
	} else if !strings.HasPrefix(stdout.String(), "identical: 30 steps, killed after step ") {
		s.t.Errorf("says %q, %v", &stdout, err)
	}
	return told, err
}

func TestVerifyResumeSaysIdenticalAndLeavesNothing(t *testing.T) {
	s := newTorchSite(t)
	before := listing(t, s.dir)
	if _, err := s.verifyWith(false, nil); err != nil {
		t.Error(err)
	}
	told, err := s.verifyWith(true, nil)
	if err != nil || !told.Identical || told.Steps != 30 || told.Different != nil {
		t.Errorf("%+v, %v", told, err)
	}
	unchanged(t, before, listing(t, s.dir))
}

func TestVerifyResumeSaysWhereARunDiffersFirst(t *testing.T) {
	s := newTorchSite(t)
	before := listing(t, s.dir)
	told, err := s.verifyWith(true, func(dir string) error {
		paths, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*.pt"))
		for _, path := range paths {
			err = cmp.Or(err, spoil(path))
		}
		return err
	})
	if err == nil || isMistake(err) || exitCode(err, false) != exitFailed {
		t.Errorf("the error is %v", err)
	}
	d := told.Different
	if told.Identical || d == nil || d.First == d.Second || d.Metric == "" && !strings.HasPrefix(d.Place, "model_state_dict.") {
		t.Errorf("%+v: %+v", told, d)
	}
	unchanged(t, before, listing(t, s.dir))
}

// spoil changes one weight of a checkpoint a little.
func spoil(path string) error {
	f, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	v, _ := f.Model.Get("encoder.0.weight")
	v.(*checkpoint.Tensor).Data[2]++
	return checkpoint.Save(path, f)
}

func TestVerifyResumeNamesTheTensorThatDiffers(t *testing.T) {
	tensor := func(v ...float64) *checkpoint.Tensor { return floatTensor(v) }
	file := func(exp *checkpoint.Tensor) *checkpoint.File {
		return &checkpoint.File{Model: checkpoint.NewDict("w", tensor(1, 2)), Config: checkpoint.NewDict("experiment", checkpoint.NewDict("name", "x")),
			Optimizer: checkpoint.NewDict("state", checkpoint.NewDict(0, checkpoint.NewDict("exp_avg", exp)))}
	}
	if d := compareFiles(file(tensor(3, 4)), file(tensor(3, 4))); d != nil {
		t.Errorf("equal files differ: %v", d)
	}
	d := compareFiles(file(tensor(3, 4)), file(tensor(3, 5)))
	if want := "optimizer_state_dict.state.0.exp_avg, element 1 of [2]: 4 and 5"; d == nil || d.String() != want {
		t.Errorf("says %v, want %s", d, want)
	}
}

func TestVerifyResumeRefusesWhatItCannotCut(t *testing.T) {
	tryBad(t, []bad{
		{name: "no cut", args: []string{"verify-resume", "x.yaml", "--cuts", "0"}, want: []string{
			"trainer: --cuts 0 --steps 40: expected at least one cut, and more steps than cuts"}},
		{name: "more cuts than steps", args: []string{"verify-resume", "x.yaml", "--cuts=5", "--steps=5"}, want: []string{
			"trainer: --cuts 5 --steps 5: expected at least one cut, and more steps than cuts"}},
		{name: "a config with a mistake", edit: []string{"latent_dim: 2", "latent_dim: two"}, args: []string{"verify-resume", "x.yaml"}, want: []string{
			"x.yaml:12:3: model.latent_dim: …"}},
	})
}
