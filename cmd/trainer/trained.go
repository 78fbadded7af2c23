package main

import (
	"fmt"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/train"
)

// trained is a checkpoint with its experiment: what inference works on.
type trained struct {
	dir    string // of the experiment
	path   string // of the checkpoint
	file   *checkpoint.File
	config *config.Train // the checkpoint's own
	notice string        // about the choice of the checkpoint
}

// openTrained finds the experiment {outputDir}/{name} and loads a checkpoint of it.
func openTrained(outputDir, name, which string) (*trained, error) {
	info, err := experiment.Find(filepath.Join(outputDir, name))
	if err != nil {
		return nil, err
	}
	t := &trained{dir: info.Dir}
	if t.path, t.notice, err = checkpoint.Resolve(filepath.Join(info.Dir, "checkpoints"), which); err != nil {
		return nil, err
	}
	if t.file, err = checkpoint.Load(t.path); err != nil {
		return nil, err
	}
	t.config, err = configOf(t.path, t.file)
	return t, err
}

// configOf reads the config that a checkpoint was made with.
func configOf(path string, f *checkpoint.File) (*config.Train, error) {
	text, err := yaml.Marshal(checkpoint.ToGo(f.Config))
	if err != nil {
		return nil, fmt.Errorf("%s: config: %w", path, err)
	}
	cfg, _, err := config.ParseTrain(path+": config", text, config.Options{Models: builtin.Registry()})
	return cfg, err
}

// state is a dict of trainer_state; nil in a file that Python wrote.
func (t *trained) state(keys ...string) *checkpoint.Dict {
	d := t.file.TrainerState
	for _, key := range keys {
		v, _ := d.Get(key)
		d, _ = v.(*checkpoint.Dict)
	}
	return d
}

// dataSpec is the data to run on: the run's own, or other data, with the
// normalisation that the run was trained with.
func (t *trained) dataSpec(other *config.Data) (dataset.Spec, error) {
	d := t.config.Data
	if other != nil {
		d = *other
		d.Normalize = t.config.Data.Normalize
	}
	spec := dataSpec(d, t.config.Experiment.Seed)
	stats := t.state("data", "normalization")
	if stats == nil {
		return spec, nil
	}
	plain, _ := checkpoint.ToGo(stats).(map[string]any)
	s, err := dataset.StatsFrom(plain)
	if err != nil {
		return spec, fmt.Errorf("%s: %w", t.path, err)
	}
	spec.Stats = &s
	return spec, nil
}

// checkSplit holds that the run's own data are still what the run was trained on.
func (t *trained) checkSplit(d *dataset.Data) error {
	record := t.state("data", "split")
	if record == nil {
		return nil
	}
	plain, _ := checkpoint.ToGo(record).(map[string]any)
	if err := d.Check(plain); err != nil {
		return fmt.Errorf("%s: %w", t.path, err)
	}
	return nil
}

// inputs are those that the model was built for: from the checkpoint, or, where
// Python wrote it, from the data.
func (t *trained) inputs(d *dataset.Data) (model.Inputs, error) {
	in := inputsOf(d)
	saved := t.state("data", "inputs")
	if saved == nil {
		return in, nil
	}
	shape, err := shapeOf(saved, "shape")
	if err != nil {
		return in, fmt.Errorf("%s: %w", t.path, err)
	}
	if fmt.Sprint(shape) != fmt.Sprint(in.Shape) {
		return in, mistakef("the data have samples of shape %v, but the model in %s was trained on %v; give data of that shape", in.Shape, t.path, shape)
	}
	in.LabelShape = nil
	if labels, _ := saved.Get("label_shape"); labels != nil {
		if in.LabelShape, err = shapeOf(saved, "label_shape"); err != nil {
			return in, fmt.Errorf("%s: %w", t.path, err)
		}
	}
	classes, err := checkpoint.Value[int64](saved, "classes")
	in.Classes = int(classes)
	return in, err
}

func shapeOf(d *checkpoint.Dict, key string) ([]int64, error) {
	values, err := checkpoint.Value[[]any](d, key)
	shape := make([]int64, len(values))
	for i, v := range values {
		n, ok := v.(int64)
		if !ok {
			return nil, fmt.Errorf("%s is not a shape", key)
		}
		shape[i] = n
	}
	return shape, err
}

// build makes the model and loads the checkpoint's weights, inside Engine.Do.
func (t *trained) build(in model.Inputs, o nn.Options) (model.Model, error) {
	variant, _ := builtin.Registry().Find(t.config.Model.Type, t.config.Model.Variant)
	m, err := variant.Build(t.config.Model.Params, in, o)
	if err != nil {
		return nil, err
	}
	weights, err := modelTensors(t.file.Model)
	if err == nil {
		err = train.LoadModel(m, weights, nil)
	}
	if err != nil {
		return nil, &checkpoint.Error{Path: t.path, Msg: err.Error(), Hint: "use the checkpoint with the config that it was trained with"}
	}
	return m, nil
}
