package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/npy"
)

// sources are the values of Spec.Source.
var sources = []string{"shapes", "synthetic_sparse", "npy", "idx", "embeddings", "npz", "csv", "safetensors", "images", "parquet"}

// Fractions of a data set that is split by the program; they add up to 1.
type Fractions struct{ Train, Val, Test float64 }

// Labels names the label files: one for one data file, or one per split.
type Labels struct{ Path, Train, Val, Test string }

// Spec says which data to open. Zero values mean the default in each comment.
type Spec struct {
	Source string // shapes, synthetic_sparse, npy, npz, idx, csv, parquet, safetensors, images or embeddings

	Path             string    // files: the one file, which is then split
	Train, Val, Test string    // files: a file per split; with Train alone it is split like Path
	Labels           Labels    // files: optional
	Array            string    // npz, safetensors: the name of the array; "" = the only one besides LabelArrays. parquet: the column of lists
	Arrays           []Array   // files: named parts of the samples, joined to one row; a file each where npy and idx have {array} in the path
	Raw              []string  // of Arrays: those that nothing changes, neither the scaling of uint8 nor Normalize nor noise
	LabelArrays      []string  // npz, safetensors: the names of arrays of labels in the same file, joined to one row
	LabelColumns     []string  // csv, parquet: the columns of labels
	Experiment       string    // embeddings: the directory of the experiment
	Classes          []string  // the names of labels that are names, in the order of their numbers; nil = those in the data
	Split            Fractions // 0.8, 0.1, 0.1
	Stratify         bool      // divide each class as the whole; needs labels that number classes
	Seed             int64     // of the split and of generated data

	Normalize string // none (default), minmax, standard, unit_norm, mean_center
	Stats     *Stats // take these instead of computing some; Normalize is then not read
	InMemory  string // auto (default), true, false
	Memory    int64  // bytes of memory to reckon with; 0 = this machine's

	Label     string // shapes: the one factor that is the label; "" = all five. synthetic_sparse: last_layer, or none
	Count     int    // shapes 4096, synthetic_sparse 65536
	ImageSize int    // height and width; shapes: 32, images: 64
	Channels  string // images: rgb (default) or grey

	Dim, Atoms, Active int     // synthetic_sparse: 64, 256, 5
	Layers             int     // synthetic_sparse: 1
	Noise              float64 // synthetic_sparse: standard deviation per dimension; 0 = none

	// Notify is told, where it is set, what Open does that takes long.
	Notify func(text string)

	describe bool // sizes alone; see Describe
	among    bool // Array is one of Arrays,
	unscaled bool // and one of Raw
}

// withDefaults fills in what is zero and checks the rest.
func (s Spec) withDefaults() (Spec, error) {
	if !slices.Contains(sources, s.Source) {
		return s, mistake("data.source: found %q, expected one of %s", s.Source, strings.Join(sources, ", "))
	}
	orInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	orInt(&s.Count, map[string]int{"shapes": 4096, "synthetic_sparse": 65536}[s.Source])
	orInt(&s.ImageSize, map[string]int{"shapes": 32, "images": 64}[s.Source])
	if s.Channels == "" {
		s.Channels = "rgb"
	}
	orInt(&s.Dim, 64)
	orInt(&s.Atoms, 256)
	orInt(&s.Active, 5)
	orInt(&s.Layers, 1)
	if s.Split == (Fractions{}) {
		s.Split = Fractions{0.8, 0.1, 0.1}
	}
	if s.Normalize == "" {
		s.Normalize = "none"
	}
	if s.InMemory == "" {
		s.InMemory = "auto"
	}
	if s.Memory == 0 {
		s.Memory = npy.TotalMemory()
	}
	return s, s.check()
}

func (s Spec) check() error {
	if !slices.Contains(kinds, s.Normalize) {
		return mistake("data.normalize: found %q, expected one of %s", s.Normalize, strings.Join(kinds, ", "))
	}
	if _, err := s.mode(); err != nil {
		return err
	}
	if err := s.checkLabel(); err != nil {
		return err
	}
	if s.Channels != "rgb" && s.Channels != "grey" {
		return mistake("data.channels: found %q, expected rgb or grey", s.Channels)
	}
	if err := s.Split.check(); err != nil {
		return err
	}
	if err := s.checkArrays(); err != nil {
		return err
	}
	return s.checkSizes()
}

// checkLabel holds that a named label is one of the source's; openShapes knows its own.
func (s Spec) checkLabel() error {
	switch {
	case s.Label == "" || s.Source == "shapes":
		return nil
	case s.Source != "synthetic_sparse":
		return mistake("data.label: found %q, but source %s has no named labels; remove the key", s.Label, s.Source)
	case s.Label != lastLayer:
		return mistake("data.label: found %q, expected %s, the one label of source synthetic_sparse", s.Label, lastLayer)
	case s.Layers < 2:
		return mistake("data.label: found %s of one layer; set data.layers to 2 or more", lastLayer)
	}
	return nil
}

func (s Spec) checkSizes() error {
	for _, v := range []struct {
		key            string
		value, lowest  int
		source         string
		bytesPerSample float64
	}{
		{"count", s.Count, 1, "shapes", 4 * float64(s.ImageSize) * float64(s.ImageSize)},
		{"image_size", s.ImageSize, 8, "shapes", 0},
		{"image_size", s.ImageSize, 1, "images", 0},
		{"count", s.Count, 1, "synthetic_sparse", 4 * float64(s.Dim) * float64(s.Layers)},
		{"dim", s.Dim, 1, "synthetic_sparse", 0},
		{"atoms", s.Atoms, 1, "synthetic_sparse", 0},
		{"layers", s.Layers, 1, "synthetic_sparse", 0},
		{"active", s.Active, 1, "synthetic_sparse", 0},
	} {
		if v.source != s.Source {
			continue
		}
		if v.value < v.lowest {
			return mistake("data.%s: found %d, expected at least %d", v.key, v.value, v.lowest)
		}
		if need := v.bytesPerSample * float64(v.value); need > float64(s.Memory)/2 {
			return mistake("data.%s: %d generated samples need %.1f GB, more than half of the memory (%.1f GB); choose fewer or smaller ones", v.key, v.value, need/1e9, float64(s.Memory)/1e9)
		}
	}
	if s.Source != "synthetic_sparse" {
		return nil
	}
	if s.Active > s.Atoms {
		return mistake("data.active: found %d, but there are only %d atoms", s.Active, s.Atoms)
	}
	if need := 4 * float64(s.Atoms) * float64(s.Dim) * float64(s.Layers); need > float64(s.Memory)/4 {
		return mistake("data.atoms: %d atoms of %d dimensions need %.1f GB; choose fewer or smaller ones", s.Atoms, s.Dim, need/1e9)
	}
	if !(s.Noise >= 0) || math.IsInf(s.Noise, 0) {
		return mistake("data.noise: found %v, expected 0 or a positive number", s.Noise)
	}
	return nil
}

// mode translates in_memory.
func (s Spec) mode() (npy.Mode, error) {
	switch s.InMemory {
	case "auto":
		return npy.Auto, nil
	case "true":
		return npy.InMemory, nil
	case "false":
		return npy.Mapped, nil
	}
	return 0, mistake("data.in_memory: found %q, expected auto, true or false", s.InMemory)
}

func (f Fractions) check() error {
	for _, v := range []struct {
		name  string
		value float64
	}{{"train", f.Train}, {"val", f.Val}, {"test", f.Test}} {
		if !(v.value >= 0 && v.value <= 1) {
			return mistake("data.split.%s: found %v, expected a number from 0 to 1", v.name, v.value)
		}
	}
	if sum := f.Train + f.Val + f.Test; math.Abs(sum-1) > 1e-6 {
		return mistake("data.split: %s add up to %.6g, expected 1", f, sum)
	}
	return nil
}

// String is for messages: `train 0.8, val 0.1, test 0.1`.
func (f Fractions) String() string {
	return fmt.Sprintf("train %v, val %v, test %v", f.Train, f.Val, f.Test)
}
