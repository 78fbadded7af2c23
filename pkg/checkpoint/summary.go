package checkpoint

import (
	"io"
	"os"
)

// Summary is what a training checkpoint says of itself without the numbers in its
// tensors.
type Summary struct {
	Epoch       int64
	MetricValue float64
	Config      *Dict // the effective config
	Parameters  int64 // numbers in model_state_dict
}

// Summarize reads the part of the training checkpoint at path that lies outside its
// tensors: some kilobytes, whatever its size. It checks the directory and the record
// that it reads, not the tensors; Load and ReadFile do. Errors are as Load's.
func Summarize(path string) (*Summary, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, openError(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Path: path, Msg: "not a regular file, expected a checkpoint (.pt)"}
	}
	root, err := readOutline(f, info.Size())
	if err != nil {
		return nil, atPath(path, err)
	}
	file, err := fromRoot(root)
	if err != nil {
		return nil, atPath(path, err)
	}
	s := &Summary{Epoch: file.Epoch, MetricValue: file.MetricValue, Config: file.Config}
	for _, v := range file.Model.All() {
		if t, ok := v.(*Tensor); ok {
			s.Parameters += t.NumElements()
		}
	}
	return s, nil
}

// readOutline is Read without the data of tensors: they have their shape and no Data.
func readOutline(r io.ReaderAt, size int64) (any, error) {
	z, pickle, err := openPickle(r, size)
	if err != nil {
		return nil, err
	}
	v, err := decode(pickle, z.storages())
	if err != nil {
		return nil, err
	}
	return finish(v, len(pickle))
}
