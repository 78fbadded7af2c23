package trainer

import (
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/train"
)

// dataSpec is the data section as package dataset takes it.
func dataSpec(d config.Data, seed int64) dataset.Spec {
	if d.Seed != nil {
		seed = *d.Seed
	}
	return dataset.Spec{
		Source: d.Source, Path: d.Path, Train: d.Train, Val: d.Val, Test: d.Test,
		Labels: dataset.Labels{Path: d.Labels.Path, Train: d.Labels.Train, Val: d.Labels.Val, Test: d.Labels.Test},
		Array:  d.Array, Arrays: arraysOf(d.Arrays), Raw: d.Raw, LabelArrays: d.LabelArray, LabelColumns: d.LabelColumn,
		Experiment: d.Experiment, Split: dataset.Fractions{Train: d.Split.Train, Val: d.Split.Val, Test: d.Split.Test},
		Stratify: d.Split.Stratify, Seed: seed, Normalize: d.Normalize, InMemory: d.InMemory, Label: d.Label, Count: d.Count, ImageSize: d.ImageSize, Channels: d.Channels,
		Dim: d.Dim, Atoms: d.Atoms, Active: d.Active, Layers: d.Layers, Noise: d.Noise,
	}
}

func arraysOf(list []config.Array) (arrays []dataset.Array) {
	for _, a := range list {
		arrays = append(arrays, dataset.Array{Name: a.Name, Columns: a.Columns})
	}
	return arrays
}

// augmentOf is the augment section as package dataset takes it.
func augmentOf(d config.Data) dataset.Augment {
	if d.Augment == nil {
		return dataset.Augment{}
	}
	return dataset.Augment{Flip: d.Augment.Flip, Crop: d.Augment.Crop, Noise: d.Augment.Noise}
}

// trainingSplit is the training split, whose samples change from epoch to epoch where
// data.augment says so.
func trainingSplit(cfg *config.Train, d *dataset.Data) (train.Split, error) {
	if cfg.Data.Augment == nil {
		return d.Train, nil
	}
	return d.Train.Augmented(augmentOf(cfg.Data), cfg.Experiment.Seed)
}

func inputsOf(d *dataset.Data) model.Inputs {
	return model.Inputs{
		Shape: d.Shape, Parts: spansOf(d.Arrays), LabelShape: d.LabelShape, LabelParts: spansOf(d.Labels), LabelClasses: d.LabelClasses,
		Classes: d.Classes, Samples: int64(d.Train.Len()), ClassCounts: d.Train.ClassCounts(),
	}
}

// samplerOf deals the training split; in blocks, it has the system read ahead what a
// mapped file will be asked for.
func samplerOf(cfg *config.Train, s *dataset.Split) *dataset.Sampler {
	d := cfg.Data
	sampler := dataset.NewSampler(s.Len(), d.BatchSize, cfg.Experiment.Seed, d.DropLast)
	if d.Shuffle == "block" {
		sampler.InBlocks(d.BlockSize, d.Blocks).Ahead(s.WillNeed)
	}
	return sampler
}

// split is a part of the data for the loop; nil stays nil.
func split(s *dataset.Split) train.Split {
	if s == nil {
		return nil
	}
	return s
}

// order is the sampler as the loop sees it.
type order struct{ *dataset.Sampler }

func (o order) Position() train.Position {
	s := o.State()
	return train.Position{Epoch: s.Epoch, Samples: s.Position}
}

var (
	_ train.Order  = order{}
	_ train.Varied = (*dataset.Augmented)(nil)
)
