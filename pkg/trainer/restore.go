package trainer

import (
	"errors"
	"fmt"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/train"
)

// fromFile is the way back of toFile: what a run needs to go on.
func fromFile(f *checkpoint.File) (*train.Snapshot, dataset.SamplerState, error) {
	s := &train.Snapshot{Epoch: f.Epoch}
	r := reader{}
	if f.TrainerState == nil {
		return nil, dataset.SamplerState{}, fmt.Errorf("trainer_state is missing: the file was not written by trainer, which can predict with it but not go on with its run")
	}
	s.Step = get[int64](&r, f.TrainerState, "global_step")
	score := get[*checkpoint.Dict](&r, f.TrainerState, "score")
	s.Score = train.Score{
		Last: get[float64](&r, score, "last"), Best: get[float64](&r, score, "best"), BestEpoch: get[int64](&r, score, "best_epoch"),
		Reference: get[float64](&r, score, "reference"), Bad: get[int64](&r, score, "bad_epochs"),
	}
	running := get[*checkpoint.Dict](&r, f.TrainerState, "running")
	s.Sums, s.Window = r.floats(running, "sums"), r.floats(running, "window")
	s.Model = r.tensors(f.Model)
	s.ModelState = r.tensors(get[*checkpoint.Dict](&r, f.TrainerState, "model"))
	if s.ModelState == nil {
		s.ModelState = []train.Tensor{}
	}
	s.RNG = r.bytes(f.RandomState, "torch")
	for _, state := range get[[]any](&r, f.RandomState, "cuda") {
		if t, ok := state.(*checkpoint.Tensor); ok {
			s.CUDARNG = append(s.CUDARNG, t.Data)
		}
	}
	if scaler := dictOf(f.TrainerState, "grad_scaler"); scaler != nil {
		s.Scale = &train.ScaleState{Scale: get[float64](&r, scaler, "scale"), GrowthTracker: get[int64](&r, scaler, "_growth_tracker")}
	}
	stands := r.sampler(get[*checkpoint.Dict](&r, f.RandomState, "sampler"))
	s.Position = train.Position{Epoch: stands.Epoch, Samples: stands.Position}
	if r.err == nil {
		s.Optimizer, r.err = optimizerState(f.Optimizer)
	}
	if adversary := dictOf(f.TrainerState, "adversary_optimizer"); adversary != nil && r.err == nil {
		var o train.OptimizerState
		o, r.err = optimizerState(adversary)
		s.Adversary = &o
	}
	return s, stands, r.err
}

// newerError is a checkpoint of a later trainer.
type newerError struct{ err *checkpoint.Error }

func (e *newerError) Error() string { return e.err.Error() }
func (e *newerError) Unwrap() error { return e.err }

func isNewer(err error) bool {
	var newer *newerError
	return errors.As(err, &newer)
}

// checkFormat refuses a checkpoint whose trainer_state is laid out in a way that this
// program does not know. A file that Python wrote has none.
func checkFormat(path string, f *checkpoint.File) error {
	if f.TrainerState == nil {
		return nil
	}
	version, err := checkpoint.Value[int64](f.TrainerState, "format_version")
	wrong := &checkpoint.Error{Path: path}
	switch {
	case err != nil || version < 1:
		found, _ := f.TrainerState.Get("format_version")
		wrong.Msg = fmt.Sprintf("trainer_state has the format_version %v, expected a whole number from 1 to %d", shown(found), formatVersion)
		wrong.Hint = "the file is damaged or of another program: use another checkpoint"
		return wrong
	case version > formatVersion:
		wrong.Msg = fmt.Sprintf("its format_version is %d, and this trainer (%s) reads up to %d", version, writers(f), formatVersion)
		wrong.Hint = "use the trainer that wrote it, or a later one"
		return &newerError{wrong}
	}
	return nil
}

// writers is this trainer's version and, where the file says it, that of the file's.
func writers(f *checkpoint.File) string {
	if by, err := checkpoint.Value[string](dictOf(f.TrainerState, "environment"), "trainer"); err == nil {
		return version + ", the file is of " + by
	}
	return version
}

// reader keeps the first error of a row of readings.
type reader struct{ err error }

func get[T any](r *reader, d *checkpoint.Dict, key string) T {
	v, err := checkpoint.Value[T](d, key)
	if r.err == nil {
		r.err = err
	}
	return v
}

func (r *reader) floats(d *checkpoint.Dict, key string) []float64 {
	t := get[*checkpoint.Tensor](r, d, key)
	if t == nil {
		return nil
	}
	if t.DType != checkpoint.Float64 && r.err == nil {
		r.err = fmt.Errorf("%s is %v, expected float64", key, t.DType)
		return nil
	}
	return floats(t)
}

func (r *reader) bytes(d *checkpoint.Dict, key string) []byte {
	t := get[*checkpoint.Tensor](r, d, key)
	if t == nil {
		return nil
	}
	return t.Data
}

func (r *reader) tensors(d *checkpoint.Dict) []train.Tensor {
	ts, err := modelTensors(d)
	if r.err == nil {
		r.err = err
	}
	return ts
}

func (r *reader) sampler(d *checkpoint.Dict) dataset.SamplerState {
	plain, _ := checkpoint.ToGo(d).(map[string]any)
	st, err := dataset.SamplerStateFrom(plain)
	if r.err == nil {
		r.err = err
	}
	return st
}
