package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/npy"
	"github.com/gotrainer/trainer/pkg/packed"
	"github.com/gotrainer/trainer/pkg/parquetfile"
)

// openParquet opens a Parquet file: read whole into memory, or, where it is too large for
// that, unpacked once into an array in the user's cache, which is mapped.
func (p *parts) openParquet(s Spec, path string) (part, error) {
	f, err := parquetfile.Open(path, parquetfile.Options{List: s.Array, Labels: s.LabelColumns, Groups: s.groups()})
	if err != nil {
		return part{}, err
	}
	defer f.Close()
	digest := ""
	if !s.describe {
		if digest, err = npy.Fingerprint(f.Content()); err != nil {
			return part{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	one := part{src: unread{path}, n: f.Rows(), dtype: "f4", shape: []int64{int64(f.Width())}}
	size := 4 * f.Rows() * int64(f.Width())
	switch {
	case s.describe:
	case s.InMemory == "true" || s.InMemory == "auto" && size <= s.Memory/4:
		if size > s.Memory {
			return part{}, mistake("%s: the numbers need %.1f GB of memory and this machine has %.1f GB; use in_memory: auto", path, float64(size)/1e9, float64(s.Memory)/1e9)
		}
		values := make([]float32, 0, size/4)
		err = f.Read(func(x []float32) error { values = append(values, x...); return nil })
		one.src = &table{values, f.Width()}
	default:
		one, err = p.unpackParquet(s, path, f, digest)
	}
	if err != nil {
		return part{}, err
	}
	one.path, one.columns, one.digest = path, f.Columns(), fmt.Sprint(digest, " ", s.Array, " ", s.chosen())
	for i, a := range s.Arrays {
		one.addSpan(a.Name, []int64{int64(f.Widths()[i])}, "f4")
	}
	if len(s.LabelColumns) > 0 {
		one.labels, err = parquetLabels(s, path, f)
	}
	return one, err
}

func parquetLabels(s Spec, path string, f *parquetfile.File) (*labelSet, error) {
	values, err := f.Labels()
	if err != nil {
		return nil, err
	}
	l := numberedLabels(values, s.LabelColumns, path)
	if at, named := f.Named(); named {
		names, err := f.Names()
		if err != nil {
			return nil, err
		}
		l.name(names, at)
	}
	return l, nil
}

func (p *parts) unpackParquet(s Spec, path string, f *parquetfile.File, digest string) (part, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return part{}, err
	}
	array := packed.Array{
		Place: fmt.Sprintf("parquet %s %q %q", full, s.Array, s.chosen()), Key: digest,
		DType: "f4", Shape: []int64{f.Rows(), int64(f.Width())},
	}
	at, made, err := array.Open(func(w io.Writer) error {
		s.notify("unpacking %s once into the cache, because it is too large for the memory", path)
		var raw []byte
		return f.Read(func(x []float32) error {
			raw = raw[:0]
			for _, v := range x {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
			}
			_, err := w.Write(raw)
			return err
		})
	})
	if err != nil {
		return part{}, err
	}
	if made {
		s.notify("the samples are in %s", at)
	}
	s.InMemory = "false"
	return p.openFormat(s, at, npy.ReadHeader)
}

// groups are the columns of each of data.arrays.
func (s Spec) groups() (groups [][]string) {
	for _, a := range s.Arrays {
		groups = append(groups, a.columns())
	}
	return groups
}
