package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/gotrainer/trainer/pkg/npy"
)

// Array is a named part of the samples: an array of the file or, of a table, columns; the
// column of that name where none are given.
type Array struct {
	Name    string
	Columns []string
}

// columns are those of a table.
func (a Array) columns() []string {
	if len(a.Columns) == 0 {
		return []string{a.Name}
	}
	return a.Columns
}

// Span is where the numbers with a name are in a sample or a label: from From to To,
// excluded. Shape is theirs.
type Span struct {
	Name     string
	From, To int64
	Shape    []int64
}

// placeholder stands in a path for the names of the arrays, where a file holds one array.
const placeholder = "{array}"

// holdsOne says that a file of the source is one array.
func (s Spec) holdsOne() bool { return s.Source == "npy" || s.Source == "idx" }

// checkArrays holds that the named parts can be found.
func (s Spec) checkArrays() error {
	if table := s.Source == "csv" || s.Source == "parquet"; len(s.Arrays) > 0 && !table && !s.holdsOne() && s.Source != "npz" && s.Source != "safetensors" {
		return mistake("data.arrays: source %s has no arrays with names; remove the key", s.Source)
	} else if table {
		taken := slices.Clone(s.LabelColumns)
		for _, a := range s.Arrays {
			for _, name := range a.columns() {
				if slices.Contains(taken, name) {
					return mistake("data.arrays: the column %q is taken twice, here or as a label; each column has one place", name)
				}
				taken = append(taken, name)
			}
		}
	}
	var names []string
	for _, a := range s.Arrays {
		if slices.Contains(names, a.Name) {
			return mistake("data.arrays: %q stands twice; name each array once", a.Name)
		}
		names = append(names, a.Name)
		if len(a.Columns) > 0 && s.Source != "csv" && s.Source != "parquet" {
			return mistake("data.arrays: %q lists columns, which source %s has none of; write the array's name alone", a.Name, s.Source)
		}
	}
	for _, name := range s.Raw {
		if !slices.Contains(names, name) {
			return mistake("data.raw: there is no array %q; expected one of data.arrays (%s)", name, some(names))
		}
	}
	if len(s.Raw) > 0 && s.Normalize == "unit_norm" {
		return mistake("data.raw: %s stays as it is, but data.normalize: unit_norm divides whole samples by their length; normalise with minmax, standard or mean_center", some(s.Raw))
	}
	if !s.holdsOne() {
		return nil
	}
	for _, f := range [][2]string{{"data.path", s.Path}, {"data.train", s.Train}, {"data.val", s.Val}, {"data.test", s.Test}} {
		if has := strings.Contains(f[1], placeholder); f[1] != "" && has != (len(names) > 0) {
			if has {
				return mistake("%s: %s stands for the arrays' names, and data.arrays is missing; list them there", f[0], placeholder)
			}
			return mistake("%s: data.arrays are several files of source %s, and %s is one; write %s where their names stand, such as data/%s.%s", f[0], s.Source, f[1], placeholder, placeholder, s.Source)
		}
	}
	return nil
}

// rawOf says of each number of a sample whether nothing changes it; nil where that is so of
// none.
func (s Spec) rawOf(arrays []Span) []bool {
	if len(s.Raw) == 0 {
		return nil
	}
	raw := make([]bool, arrays[len(arrays)-1].To)
	for _, a := range arrays {
		for i := a.From; i < a.To; i++ {
			raw[i] = slices.Contains(s.Raw, a.Name)
		}
	}
	return raw
}

// openSplit opens the files of one split: of each array, where these are in files of their
// own.
func (p *parts) openSplit(s Spec, f named) (part, error) {
	if len(s.Arrays) == 0 || !s.holdsOne() {
		return p.openAll(s, f)
	}
	var list []part
	var paths []string
	for _, a := range s.Arrays {
		found, err := s.findAll(f.key, strings.ReplaceAll(f.path, placeholder, a.Name))
		if err != nil {
			return part{}, err
		}
		paths = append(paths, found...)
	}
	s.mapTogether(paths)
	for i, a := range s.Arrays {
		own, g := s.of(a), f
		g.path = strings.ReplaceAll(f.path, placeholder, a.Name)
		if i > 0 {
			g.labels = ""
		}
		one, err := p.openAll(own, g)
		if err != nil {
			return part{}, err
		}
		list = append(list, one)
	}
	one, err := s.beside(f.path, list)
	one.files = len(paths)
	return one, err
}

// openBeside opens the arrays of one file.
func (p *parts) openBeside(s Spec, path string) (part, error) {
	if info, err := os.Stat(path); err == nil && s.InMemory == "auto" && info.Size() > s.Memory/4 {
		s.InMemory = "false"
	}
	var list []part
	for _, a := range s.Arrays {
		one, err := p.openArray(s.of(a), path)
		if err != nil {
			return part{}, fmt.Errorf("data.arrays: %s: %w", a.Name, err)
		}
		list = append(list, one)
	}
	return s.beside(path, list)
}

// of is how one of the arrays is opened.
func (s Spec) of(a Array) Spec {
	s.Array, s.among, s.unscaled = a.Name, true, slices.Contains(s.Raw, a.Name)
	return s
}

// beside makes one part of arrays of the same samples: a sample is theirs, one after
// another.
func (s Spec) beside(path string, list []part) (part, error) {
	first := list[0]
	all := part{path: path, n: first.n, dtype: "f4", labels: first.labels}
	joined := &sideBySide{}
	digest := sha256.New()
	for i, one := range list {
		name := s.Arrays[i].Name
		if one.n != first.n {
			return part{}, mistake("data.arrays: of %s, the array %q has %d rows but %q has %d; arrays of one data set have a row for each sample, in the same order", path, name, one.n, s.Arrays[0].Name, first.n)
		}
		all.mapped = all.mapped || one.mapped
		all.addSpan(name, one.shape, one.dtype)
		joined.list, joined.widths = append(joined.list, one.src), append(joined.widths, rowLen(one.shape))
		fmt.Fprintf(digest, "%q %s %v\n", name, one.digest, slices.Contains(s.Raw, name))
	}
	all.src, all.digest = joined, hex.EncodeToString(digest.Sum(nil))
	return all, nil
}

// addSpan says what the next numbers of the sample are.
func (one *part) addSpan(name string, shape []int64, dtype string) {
	if len(shape) == 0 {
		shape = []int64{1}
	}
	from := int64(0)
	if n := len(one.spans); n > 0 {
		from = one.spans[n-1].To
	}
	one.spans = append(one.spans, Span{name, from, from + int64(rowLen(shape)), shape})
	one.dtypes = append(one.dtypes, dtype)
	one.shape = []int64{one.spans[len(one.spans)-1].To}
}

// spansLike holds that the named parts are those of another part.
func (one part) spansLike(first part) error {
	for i, s := range one.spans {
		f := first.spans[i]
		switch {
		case !slices.Equal(s.Shape, f.Shape):
			return mistake("%s has the array %q of shape %v but %s has %v; they must have the same shape", one.path, s.Name, s.Shape, first.path, f.Shape)
		case (one.dtypes[i] == "u1") != (first.dtypes[i] == "u1"):
			return mistake("%s has %q as %s but %s as %s; only uint8 is scaled to [0, 1], so the samples would differ: convert one of them", one.path, s.Name, npy.TypeName(one.dtypes[i]), first.path, npy.TypeName(first.dtypes[i]))
		}
	}
	return nil
}

// sideBySide is several sources of the same rows: a sample is theirs, one after another.
type sideBySide struct {
	list    []source
	widths  []int
	buffers sync.Pool // of *[]float32
}

var (
	_ source      = (*sideBySide)(nil)
	_ aheadSource = (*sideBySide)(nil)
)

// Gather reads each source once, by way of a buffer that a later call has again.
func (s *sideBySide) Gather(dst []float32, rows []int, index []int64) error {
	width := 0
	for _, w := range s.widths {
		width += w
	}
	if len(dst) != len(rows)*width {
		return mistake("a buffer of %d numbers was given for %d rows of %d", len(dst), len(rows), width)
	}
	held, _ := s.buffers.Get().(*[]float32)
	if held == nil {
		held = new([]float32)
	}
	defer s.buffers.Put(held)
	most := len(rows) * slices.Max(s.widths)
	*held = slices.Grow((*held)[:0], most)[:most]
	from, buffer := 0, *held
	for i, src := range s.list {
		w := s.widths[i]
		if err := src.Gather(buffer[:len(rows)*w], rows, index); err != nil {
			return err
		}
		for k := range rows {
			copy(dst[k*width+from:k*width+from+w], buffer[k*w:])
		}
		from += w
	}
	return nil
}

// WillNeed tells every source.
func (s *sideBySide) WillNeed(from, to int64) {
	for _, src := range s.list {
		if a, ok := src.(aheadSource); ok {
			a.WillNeed(from, to)
		}
	}
}
