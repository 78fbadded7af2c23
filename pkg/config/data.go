package config

import (
	"fmt"
	"math"
)

// Data is what is trained on. Which keys go with which source is in the tags: those of
// another source are refused, and their fields keep the zero value. BatchSize is 0 for
// auto.
type Data struct {
	Source      string   `yaml:"source" check:"required,oneof=shapes|images|npy|npz|idx|csv|parquet|safetensors|embeddings|synthetic_sparse" doc:"the kind of data"`
	Path        string   `yaml:"path" check:"path" when:"source=images|npy|npz|idx|csv|parquet|safetensors; train=; val=; test=" doc:"the file that is split, or a pattern of files such as shards/*.npy; with source images the folder"`
	Train       string   `yaml:"train" check:"path" when:"source=images|npy|npz|idx|csv|parquet|safetensors" doc:"the training file, a pattern of files, or the folder"`
	Val         string   `yaml:"val" check:"path" when:"source=images|npy|npz|idx|csv|parquet|safetensors" doc:"the same for validation"`
	Test        string   `yaml:"test" check:"path" when:"source=images|npy|npz|idx|csv|parquet|safetensors" doc:"the same for the test"`
	Labels      Labels   `yaml:"labels" when:"source=npy|npz|idx|csv|parquet|safetensors|embeddings" doc:"one path, or a section {train, val, test} of paths"`
	Array       string   `yaml:"array" check:"minlen=1" when:"source=npz|parquet|safetensors" doc:"the name of the array of samples, or of the column of lists; may be absent where there is one alone"`
	Arrays      []Array  `yaml:"arrays" check:"minlen=1" when:"source=npy|npz|idx|csv|parquet|safetensors; array=" doc:"the named parts that a sample is joined of: arrays of the file, columns of a table (also several, as place: [x, y]), or, of npy and idx, the names that stand for {array} in the path"`
	Raw         Names    `yaml:"raw" when:"source=npy|npz|idx|csv|parquet|safetensors" only:"train" doc:"one or a list of arrays that stay as they are, such as numbers that an embedding reads: uint8 is not scaled, normalize and noise pass them by"`
	LabelArray  Names    `yaml:"label_array" when:"source=npz|safetensors" doc:"the name of the array of labels in the same file, or a list of such"`
	LabelColumn Names    `yaml:"label_column" when:"source=csv|parquet" doc:"the name of the column of labels, or a list of such; without arrays, every other column is a value of the sample"`
	Experiment  string   `yaml:"experiment" check:"path" when:"source=embeddings" doc:"the directory of the run whose embeddings are read"`
	Split       Split    `yaml:"split" default:"{train: 0.8, val: 0.1, test: 0.1}" when:"source=images|npy|npz|idx|csv|parquet|safetensors|shapes|synthetic_sparse; val=; test=" doc:"the fractions of the splits"`
	BatchSize   int      `yaml:"batch_size" default:"128" check:"min=1,or=auto" only:"train" doc:"samples a batch; auto: the largest power of two that fits the memory, which is then saved in its place"`
	DropLast    bool     `yaml:"drop_last" default:"false" only:"train" doc:"leave out an epoch's last, smaller batch"`
	Shuffle     string   `yaml:"shuffle" default:"full" check:"oneof=full|block" only:"train" doc:"the order of an epoch: full, any sample may follow any other; block, for data larger than the memory: the samples of a few blocks of the file are mixed, then those of the next few"`
	BlockSize   int      `yaml:"block_size" default:"4096" check:"min=1" when:"shuffle=block" only:"train" doc:"samples that lie side by side and are read together"`
	Blocks      int      `yaml:"blocks" default:"16" check:"min=1" when:"shuffle=block" only:"train" doc:"blocks that are mixed at a time, from random places"`
	Normalize   string   `yaml:"normalize" default:"none" check:"oneof=none|minmax|standard|unit_norm|mean_center" only:"train" doc:"the normalisation"`
	Augment     *Augment `yaml:"augment" only:"train" doc:"how training samples are changed at random, each time they are read; nil = not at all"`
	InMemory    string   `yaml:"in_memory" default:"auto" check:"oneof=auto|true|false" when:"source=images|npy|npz|idx|parquet|safetensors|embeddings" doc:"hold the data in memory, or stream"`
	Label       string   `yaml:"label" check:"oneof=shape|scale|rotation|x|y|last_layer" when:"source=shapes|synthetic_sparse" doc:"with source shapes the factor that is the label, all where absent; with source synthetic_sparse last_layer, what a transcoder predicts"`
	Count       int      `yaml:"count" default:"4096" defaults:"source=synthetic_sparse: 16384" check:"min=1" when:"source=shapes|synthetic_sparse" doc:"samples"`
	ImageSize   int      `yaml:"image_size" default:"32" defaults:"source=images: 64" check:"min=8,max=1024" when:"source=shapes|images" doc:"height and width in pixels; pictures are scaled to it by their shorter side, and the centre is cut out"`
	Channels    string   `yaml:"channels" default:"rgb" check:"oneof=rgb|grey" when:"source=images" doc:"the channels of a sample: red, green and blue, or grey"`
	Dim         int      `yaml:"dim" default:"64" check:"min=1" when:"source=synthetic_sparse" doc:"numbers a sample"`
	Atoms       int      `yaml:"atoms" default:"256" check:"min=1" when:"source=synthetic_sparse" doc:"directions of the true dictionary"`
	Active      int      `yaml:"active" default:"5" check:"min=1" when:"source=synthetic_sparse" doc:"atoms in one sample"`
	Layers      int      `yaml:"layers" default:"1" check:"min=1" when:"source=synthetic_sparse" doc:"layers of a sample [layers, dim], each with directions of its own for the same coefficients; what a crosscoder learns from"`
	Noise       float64  `yaml:"noise" default:"0.0" check:"min=0" when:"source=synthetic_sparse" doc:"standard deviation of the added noise"`
	// Seed makes the generated data; nil = experiment.seed.
	Seed *int64 `yaml:"seed" check:"min=0" when:"source=shapes|synthetic_sparse" doc:"the seed of the generated data"`
}

// Augment is random changes of training samples. They depend on the run's seed, the epoch
// and the sample.
type Augment struct {
	Flip  bool    `yaml:"flip" default:"false" doc:"mirror half of the images, left for right"`
	Crop  int     `yaml:"crop" default:"0" check:"min=0" doc:"move images by up to so many pixels, both ways; zeros come in"`
	Noise float64 `yaml:"noise" default:"0.0" check:"min=0" doc:"standard deviation of normal noise, in the data's own units before normalize; pixels stay in [0, 1]"`
}

// Split is the share of each split; together they are 1.
type Split struct {
	Train float64 `yaml:"train" check:"required,gt=0,max=1" doc:"the training split's share"`
	Val   float64 `yaml:"val" default:"0.0" check:"min=0,max=1" doc:"the validation split's share"`
	Test  float64 `yaml:"test" default:"0.0" check:"min=0,max=1" doc:"the test split's share"`
	// Stratify divides each class of the labels as the whole.
	Stratify bool `yaml:"stratify" default:"false" doc:"give each split the same share of every class, which the labels number"`
}

// Labels is one file beside Data.Path (Path), or one a split file (Train, Val, Test).
// The zero value means none.
type Labels struct {
	Path, Train, Val, Test string
}

type labelFiles struct {
	Train string `yaml:"train" check:"path" doc:"labels of the training file"`
	Val   string `yaml:"val" check:"path" doc:"labels of the validation file"`
	Test  string `yaml:"test" check:"path" doc:"labels of the test file"`
}

// UnmarshalConfig reads a path or a section of paths.
func (l *Labels) UnmarshalConfig(v Value) {
	switch v.Shape() {
	case Section:
		var f labelFiles
		if v.Decode(&f) {
			*l = Labels{Train: f.Train, Val: f.Val, Test: f.Test}
		}
	case Scalar:
		v.Decode(&l.Path, "path")
	default:
		v.Wrong("one path, or a section {train, val, test} of paths")
	}
}

// ConfigSchema is a path or a section of paths.
func (l *Labels) ConfigSchema(w SchemaWriter) map[string]any {
	return map[string]any{"anyOf": []any{map[string]any{"type": "string", "minLength": 1}, w.Section(new(labelFiles))}}
}

// splits gives a Labels' or Data's files by split, in order.
func (l Labels) splits() [3]string { return [3]string{l.Train, l.Val, l.Test} }
func (d Data) splits() [3]string   { return [3]string{d.Train, d.Val, d.Test} }

var splitNames = [3]string{"train", "val", "test"}

// validateIn checks what spans keys, for a config of that kind.
func (d *Data) validateIn(kind string) []string {
	var out []string
	out = append(out, d.checkFiles(kind)...)
	out = append(out, d.checkLabels()...)
	out = append(out, d.checkArrays()...)
	if sum := d.Split.Train + d.Split.Val + d.Split.Test; sum != 0 && math.Abs(sum-1) > 1e-6 {
		out = append(out, fmt.Sprintf("split: found %v + %v + %v = %.6g, expected a sum of 1",
			d.Split.Train, d.Split.Val, d.Split.Test, sum))
	}
	switch lastLayer := d.Label == "last_layer"; {
	case lastLayer && d.Source == "synthetic_sparse" && d.Layers < 2:
		out = append(out, "label: found last_layer of one layer, expected data.layers of at least 2")
	case lastLayer && d.Source == "shapes":
		out = append(out, "label: found last_layer, which source synthetic_sparse has alone; expected shape, scale, rotation, x or y")
	case !lastLayer && d.Label != "" && d.Source == "synthetic_sparse":
		out = append(out, fmt.Sprintf("label: found %s, expected last_layer with source synthetic_sparse", d.Label))
	}
	if d.Active > d.Atoms {
		out = append(out, fmt.Sprintf("active: found %d of %d atoms, expected at most %d", d.Active, d.Atoms, d.Atoms))
	}
	return out
}

// checkFiles holds that each source has the files that it reads.
func (d *Data) checkFiles(kind string) []string {
	switch d.Source {
	case "embeddings":
		if d.Experiment == "" {
			return []string{"experiment: missing, expected the directory of the run whose embeddings are read, such as experiments/vae/baseline"}
		}
	case "images", "npy", "npz", "idx", "csv", "parquet", "safetensors":
		some := d.Path != "" || d.Train != "" || kind == KindInfer && d.Val+d.Test != ""
		if !some && d.Val+d.Test != "" {
			return []string{"train: missing, expected the training file beside val: and test:"}
		}
		if !some {
			return []string{"path: missing, expected the file of source " + d.Source + " (or train:, val: and test: with one file each)"}
		}
	}
	return nil
}

// checkLabels holds that labels are given as the data are.
func (d *Data) checkLabels() []string {
	l := d.Labels
	files := l.Train + l.Val + l.Test
	switch {
	case l.Path != "" && d.Path == "":
		return []string{"labels: found one path, expected a section {train, val, test} as the data are given"}
	case files != "" && d.Path != "":
		return []string{"labels: found a section, expected one path as the data are given by path:"}
	case files == "" || d.Source == "embeddings":
		return nil
	}
	var out []string
	labels, data := l.splits(), d.splits()
	for i, name := range splitNames {
		switch {
		case labels[i] != "" && data[i] == "":
			out = append(out, fmt.Sprintf("labels.%s: given, but data.%s is not; labels have the keys that the data have", name, name))
		case labels[i] == "" && data[i] != "":
			out = append(out, fmt.Sprintf("labels.%s: missing, expected the labels of data.%s", name, name))
		}
	}
	return out
}
