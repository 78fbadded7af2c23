package dataset

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/npy"
)

// headerReader finds an array in a file of size bytes.
type headerReader func(r io.ReaderAt, size int64) (npy.Header, error)

// named finds the array called name in a file of several; where name is empty, the only
// one besides others. It is nil for sources whose files hold one array.
func (s Spec) named(name string, others []string) headerReader {
	switch s.Source {
	case "npz":
		return npzHeader(name, others)
	case "safetensors":
		return safetensorsHeader(name, others)
	}
	return nil
}

// chooseArray answers the place of the array in names.
func chooseArray(names []string, name string, others []string) (int, error) {
	held := "it holds " + strings.Join(names[:min(len(names), 10)], ", ")
	if len(names) == 0 {
		return 0, broken("the file holds no arrays")
	}
	if name == "" {
		rest := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(others, n) })
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

// labelNames are those of the labels that are inside the files of the samples.
func (s Spec) labelNames() []string {
	switch s.Source {
	case "csv", "parquet":
		return s.LabelColumns
	case "npz", "safetensors":
		return s.LabelArrays
	}
	return nil
}

// chosen are the names of what is read of a table.
func (s Spec) chosen() string {
	text := strings.Join(s.LabelColumns, " ")
	for _, a := range s.Arrays {
		text += fmt.Sprintf(" %q", append([]string{a.Name}, a.columns()...))
	}
	return text
}

// labelsInside reads data.label_array from the file of the samples.
func labelsInside(s Spec, path string) (*labelSet, error) {
	var list []*labelSet
	for _, name := range s.LabelArrays {
		set, err := readLabels(s, path, func(r io.ReaderAt, size int64) (npy.Header, bool, error) {
			h, err := s.named(name, nil)(r, size)
			if err == nil {
				err = labelsShape(h)
			}
			return h, false, err
		})
		if err != nil {
			return nil, err
		}
		set.digest += " " + name
		list = append(list, set)
	}
	return labelsBeside(s.LabelArrays, list)
}
