package trainer

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/model"
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
	if err := noLinksOut(info.Dir); err != nil {
		return nil, err
	}
	noteKilled(info)
	t := &trained{dir: info.Dir}
	if t.path, t.notice, err = checkpoint.Resolve(filepath.Join(info.Dir, "checkpoints"), which); err != nil {
		return nil, err
	}
	if t.file, err = checkpoint.Load(t.path); err != nil {
		return nil, err
	}
	if err := checkFormat(t.path, t.file); err != nil {
		return nil, err
	}
	saved, _ := checkpoint.ToGo(t.file.Config).(map[string]any)
	delete(saved, "mlflow") // it may name a variable that only training needs
	text, err := yaml.Marshal(saved)
	if err != nil {
		return nil, fmt.Errorf("%s: config: %w", t.path, err)
	}
	var doc *config.Document
	if t.config, doc, err = config.ParseTrain(t.path+": config", text, config.Options{Models: models()}); err != nil {
		return nil, withoutLines(err)
	}
	return t, t.sameModel(doc)
}

// withoutLines takes lines and columns out of the problems of a config that is no file.
func withoutLines(err error) error {
	var inConfig *config.Error
	if errors.As(err, &inConfig) {
		for i := range inConfig.Problems {
			inConfig.Problems[i].Line, inConfig.Problems[i].Column = 0, 0
		}
	}
	return err
}

// sameModel holds that the checkpoint is one of this experiment's model, so that its
// results may be written there. A run without a readable config.yaml passes.
func (t *trained) sameModel(doc *config.Document) error {
	saved := filepath.Join(t.dir, "config.yaml")
	_, own, err := config.LoadTrain(saved, config.Options{Models: models()})
	if err != nil {
		return nil
	}
	want, _ := own.Map()["model"].(map[string]any)
	have, _ := doc.Map()["model"].(map[string]any)
	for _, key := range slices.Concat([]string{"type", "variant"}, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have))) {
		if w, h := fmt.Sprint(want[key]), fmt.Sprint(have[key]); w != h {
			return &checkpoint.Error{Path: t.path, Msg: fmt.Sprintf("was trained with model.%s %s, but %s is of model.%s %s", key, h, t.dir, key, w),
				Hint: "use a checkpoint of that run, or name the run that the checkpoint is of"}
		}
	}
	return nil
}

// aboutData adds to an error of the run's own data where their place is from and how
// to give them another; other data are in the config at hand.
func (t *trained) aboutData(other *config.Data, err error) error {
	if other != nil || err == nil || !isMistake(err) {
		return err
	}
	return fmt.Errorf("the data that %s was trained on: %w; data: in the config can give others", t.path, err)
}

// state is a dict of trainer_state; nil in a file that Python wrote.
func (t *trained) state(keys ...string) *checkpoint.Dict {
	return dictOf(t.file.TrainerState, keys...)
}

// dataSpec is the data to run on: the run's own, or other data, with the
// normalisation that the run was trained with.
func (t *trained) dataSpec(other *config.Data) (dataset.Spec, error) {
	d := t.config.Data
	if other != nil {
		d = *other
		d.Normalize = t.config.Data.Normalize
		if len(d.Arrays) > 0 {
			d.Raw = t.config.Data.Raw
		}
	}
	spec := dataSpec(d, t.config.Experiment.Seed)
	if names, err := checkpoint.Value[[]any](t.state("data", "split"), "class_names"); err == nil {
		for _, name := range names {
			spec.Classes = append(spec.Classes, fmt.Sprint(name))
		}
	}
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
	_, imported := t.file.TrainerState.Get("imported_from") // a layout knows the numbers of a sample alone
	if fmt.Sprint(shape) != fmt.Sprint(in.Shape) && !(imported && (model.Inputs{Shape: shape}).Dim() == in.Dim()) {
		return in, mistakef("data: found samples of shape %v, but the model in %s was trained on %v; give data of that shape", in.Shape, t.path, shape)
	}
	in.LabelShape = nil
	if labels, _ := saved.Get("label_shape"); labels != nil {
		if in.LabelShape, err = shapeOf(saved, "label_shape"); err != nil {
			return in, fmt.Errorf("%s: %w", t.path, err)
		}
	}
	if samples, _ := saved.Get("samples"); samples != nil { // older files do not say it
		if in.Samples, err = checkpoint.Value[int64](saved, "samples"); err != nil {
			return in, fmt.Errorf("%s: %w", t.path, err)
		}
	}
	parts, err := savedSpans(saved, "parts")
	if err == nil {
		in.LabelParts, err = savedSpans(saved, "label_parts")
	}
	if err != nil {
		return in, fmt.Errorf("%s: %w", t.path, err)
	}
	if err := t.sameParts(in.Parts, parts); err != nil {
		return in, err
	}
	in.Parts, in.LabelClasses = parts, nil
	in.ClassCounts = nil
	if counts, _ := saved.Get("class_counts"); counts != nil {
		if in.ClassCounts, err = shapeOf(saved, "class_counts"); err != nil {
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
			return nil, fmt.Errorf("%s is not a list of integers", key)
		}
		shape[i] = n
	}
	return shape, err
}

// model makes the model for the data that it is to run on, inside Engine.Do.
func (t *trained) model(d *dataset.Data, o nn.Options) (m model.Model, in model.Inputs, err error) {
	if in, err = t.inputs(d); err != nil {
		return nil, in, err
	}
	if m, err = t.build(in, o); err != nil {
		return nil, in, err
	}
	expect(m, d)
	m, err = t.given(m, in, d)
	return m, in, err
}

// build makes the model and loads the checkpoint's weights and, where it has it, the
// training state beside them, inside Engine.Do.
func (t *trained) build(in model.Inputs, o nn.Options) (model.Model, error) {
	variant, _ := models().Find(t.config.Model.Type, t.config.Model.Variant)
	restoreFile(t.config.Model.Params, t.file)
	m, err := variant.Build(t.config.Model.Params, in, o)
	if err != nil {
		return nil, err
	}
	weights, err := modelTensors(t.file.Model)
	var beside []train.Tensor
	if state := t.state("model"); err == nil && state != nil {
		beside, err = modelTensors(state)
	}
	if err == nil {
		err = train.LoadModel(m, weights, beside)
	}
	if err != nil {
		return nil, &checkpoint.Error{Path: t.path, Msg: err.Error(), Hint: "use the checkpoint with the config that it was trained with"}
	}
	return m, nil
}

// restoreFile gives a config whose model is made of a file what the checkpoint kept of it.
func restoreFile(params any, from *checkpoint.File) {
	filed, ok := params.(model.Filed)
	if !ok {
		return
	}
	if kept, err := checkpoint.Value[*checkpoint.Tensor](dictOf(from.TrainerState, "model"), model.FileState); err == nil {
		filed.Restore(kept.Data)
	}
}
