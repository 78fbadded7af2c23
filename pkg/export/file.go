package export

import (
	"encoding/json"
	"io"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

// File is one file of an export.
type File struct {
	Name  string
	Size  int64 // bytes, nearly: without the header
	Write func(w io.Writer) error
}

// Layouts are the layouts that weights are written in, as --to names them.
var Layouts = []string{"safetensors", "torch", "saelens", "sparsify", "dictionary_learning"}

// FileNames are the files that the folders of the layouts consist of.
var FileNames = []string{saelensConfig, saelensWeights, saelensSparsity, sparsifyConfig, sparsifyWeights, dictionaryConfig, dictionaryWeights}

// Of writes a sparse autoencoder as the named layout has it; the notes are what a user
// should know of it. made are the versions of what wrote it.
func Of(layout string, s *SAE, made map[string]string) (files []File, notes []string, err error) {
	switch layout {
	case "saelens":
		files, notes, err = s.saelens(made)
	case "sparsify":
		files, err = s.sparsify()
	case "dictionary_learning":
		files, notes, err = s.dictionaryLearning()
	default:
		err = refuse("%q is no layout of sparse autoencoders", layout)
	}
	return files, notes, err
}

// tensorFile is a safetensors file.
func tensorFile(name string, metadata map[string]string, list []array) File {
	f := File{Name: name}
	for _, a := range list {
		f.Size += 4 * int64(len(a.values))
	}
	f.Write = func(w io.Writer) error {
		tensors := make([]safetensors.Named, len(list))
		for i, a := range list {
			tensors[i] = safetensors.Named{Name: a.name, Tensor: safetensors.Tensor{DType: "F32", Shape: a.shape, Data: bytesOf(a.values)}}
		}
		return safetensors.Write(w, metadata, tensors)
	}
	return f
}

// jsonFile is a file of settings.
func jsonFile(name string, value any) File {
	text, err := json.MarshalIndent(value, "", "  ")
	return File{name, int64(len(text)), func(w io.Writer) error {
		if err != nil {
			return err
		}
		_, err := w.Write(append(text, '\n'))
		return err
	}}
}

// torchFile is a state dict as torch.save writes it.
func torchFile(name string, state *checkpoint.Dict) File {
	f := File{Name: name}
	for _, v := range state.All() {
		f.Size += int64(len(v.(*checkpoint.Tensor).Data))
	}
	f.Write = func(w io.Writer) error { return checkpoint.Write(w, "archive", state) }
	return f
}

func tensorOf(a array) *checkpoint.Tensor {
	return &checkpoint.Tensor{DType: checkpoint.Float32, Shape: a.shape, Data: bytesOf(a.values)}
}

// scalar is a tensor of one number in the given type.
func scalar(d checkpoint.DType, v float64) *checkpoint.Tensor {
	t := &checkpoint.Tensor{DType: d, Shape: []int64{}}
	switch d {
	case checkpoint.Int32:
		t.Data = le.AppendUint32(nil, uint32(int32(v)))
	default:
		t.DType, t.Data = checkpoint.Float32, bytesOf([]float32{float32(v)})
	}
	return t
}
