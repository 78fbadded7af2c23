package dataset

import (
	"io"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/npy"
)

// headerReader finds an array in a file of size bytes.
type headerReader func(r io.ReaderAt, size int64) (npy.Header, error)

// named finds the array called name in a file of several; where name is empty, the only
// one besides other. It is nil for sources whose files hold one array.
func (s Spec) named(name, other string) headerReader {
	switch s.Source {
	case "npz":
		return npzHeader(name, other)
	case "safetensors":
		return safetensorsHeader(name, other)
	}
	return nil
}

// chooseArray answers the place of the array in names.
func chooseArray(names []string, name, other string) (int, error) {
	held := "it holds " + strings.Join(names[:min(len(names), 10)], ", ")
	if len(names) == 0 {
		return 0, broken("the file holds no arrays")
	}
	if name == "" {
		rest := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == other })
		if len(rest) != 1 {
			return 0, broken("the file has %d arrays that could be the samples; name one in data.array, %s", len(rest), held)
		}
		name = rest[0]
	}
	i := slices.Index(names, name)
	if i < 0 || slices.Contains(names[i+1:], name) {
		return 0, broken("the file has not exactly one array named %q; %s", name, held)
	}
	return i, nil
}

// labelsInside reads data.label_array from the file of the samples.
func labelsInside(s Spec, path string) (*labelSet, error) {
	set, err := readLabels(s, path, func(r io.ReaderAt, size int64) (npy.Header, bool, error) {
		h, err := s.named(s.LabelArray, "")(r, size)
		if err == nil {
			err = labelsShape(h)
		}
		return h, false, err
	})
	if err != nil {
		return nil, err
	}
	set.digest += " " + s.LabelArray
	return set, nil
}
