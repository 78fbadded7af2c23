package dataset

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/npy"
)

// exactLimit bounds the integers that float32 keeps exactly.
const exactLimit = 1 << 24

// openLabels reads a label file, .npy or idx, gzip or not, whole into memory. Labels
// are [n] or [n, k]; they are never scaled.
func openLabels(s Spec, key, path string) (*labelSet, error) {
	path, err := find(key, path)
	if err != nil {
		return nil, err
	}
	return readLabels(s, path, labelsHeader)
}

// readLabels reads the labels that format finds in a file, and tells idx from numpy's.
func readLabels(s Spec, path string, format func(io.ReaderAt, int64) (npy.Header, bool, error)) (*labelSet, error) {
	var header npy.Header // as it is in the file
	isIDX := false
	a, err := npy.Open(path, npy.Options{Mode: npy.InMemory, Memory: s.Memory, Format: func(r io.ReaderAt, size int64) (npy.Header, error) {
		var err error
		header, isIDX, err = format(r, size)
		return header, err
	}})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	set := &labelSet{path: path, shape: slices.Clone(header.Shape[1:]), row: a.RowLen(), digest: a.Fingerprint()}
	if isIDX || !gonpyReads(header) {
		set.values, err = readAll(a)
	} else {
		set.values, err = readWithGonpy(path, header)
	}
	if err != nil {
		return nil, err
	}
	if err := set.check(npy.IsFloat(header.DType)); err != nil {
		return nil, err
	}
	set.classes = set.countClasses()
	return set, nil
}

// labelsHeader takes either format, told by the first bytes, and checks the rank.
func labelsHeader(r io.ReaderAt, size int64) (h npy.Header, isIDX bool, err error) {
	var first [3]byte
	_, err = r.ReadAt(first[:], 0)
	isIDX = err == nil && bytes.HasPrefix(first[:], []byte{0, 0}) && idxTypes[first[2]] != ""
	if isIDX {
		h, err = readIDXHeader(r, size)
	} else {
		h, err = npy.ReadHeader(r, size)
	}
	if err == nil {
		err = labelsShape(h)
	}
	return h, isIDX, err
}

func labelsShape(h npy.Header) error {
	switch {
	case len(h.Shape) != 1 && len(h.Shape) != 2:
		return broken("the labels have the shape %v; expected [samples] or [samples, values]", h.Shape)
	case h.Count() == 0:
		return broken("the labels %v are empty", h)
	}
	return nil
}

// readAll is every row of an array as float32.
func readAll(a *npy.Array) ([]float32, error) {
	rows := make([]int, a.Rows())
	for i := range rows {
		rows[i] = i
	}
	values := make([]float32, len(rows)*a.RowLen())
	return values, a.Gather(values, rows, nil)
}

// check refuses labels that float32 would falsify, or that are no numbers.
func (l *labelSet) check(float bool) error {
	for i, v := range l.values {
		switch {
		case v-v != 0:
			return mistake("%s: the label of row %d is %v; expected finite numbers, correct it or leave the sample out", l.path, i/l.row, v)
		case !float && math.Abs(float64(v)) >= exactLimit:
			return mistake("%s: the label of row %d is %.0f; integers must be below %d to be exact, number the classes from 0 or save the labels as float32", l.path, i/l.row, v, exactLimit)
		}
	}
	return nil
}

// countClasses is the largest label + 1 where every sample has one label and all
// of them are whole numbers from 0: by value, so a float32 file of class numbers
// counts too. Else 0.
func (l *labelSet) countClasses() int {
	if len(l.shape) > 0 {
		return 0
	}
	return l.classesOf()[0]
}

// numberedLabels are those of columns of numbers, a row a sample.
func numberedLabels(values []float32, columns []string, path string) *labelSet {
	l := &labelSet{values: values, row: len(columns), shape: []int64{}, names: columns, path: path, digest: strings.Join(columns, " ")}
	if l.row > 1 {
		l.shape = []int64{int64(l.row)}
	}
	l.spans = spansOf(columns)
	l.classes = l.countClasses()
	return l
}

// spansOf are the spans of names that stand for a number each.
func spansOf(names []string) (spans []Span) {
	for i, name := range names {
		spans = append(spans, Span{name, int64(i), int64(i + 1), []int64{}})
	}
	return spans
}

// labelsBeside makes one set of several arrays of labels: a label is theirs, one after
// another.
func labelsBeside(names []string, list []*labelSet) (*labelSet, error) {
	first := list[0]
	n := len(first.values) / first.row
	all := &labelSet{path: first.path, row: 0}
	for i, l := range list {
		if have := len(l.values) / l.row; have != n {
			return nil, mistake("%s: the array of labels %q has %d rows but %q has %d; each sample has a label in every array", l.path, names[i], have, names[0], n)
		}
		all.spans = append(all.spans, Span{names[i], int64(all.row), int64(all.row + l.row), l.shape})
		all.row += l.row
		all.digest += l.digest + "\n"
	}
	if len(list) == 1 {
		first.spans = all.spans
		return first, nil
	}
	all.shape, all.values = []int64{int64(all.row)}, make([]float32, 0, n*all.row)
	for r := range n {
		for _, l := range list {
			all.values = append(all.values, l.values[r*l.row:(r+1)*l.row]...)
		}
	}
	return all, nil
}

// classesOf is, of each number of a label, the largest + 1 where it is a whole number from 0
// in every sample, else 0.
func (l *labelSet) classesOf() []int {
	classes, open := make([]int, l.row), make([]int, l.row)
	for i := range open {
		open[i] = i
	}
	for at := 0; at < len(l.values) && len(open) > 0; at += l.row {
		open = slices.DeleteFunc(open, func(i int) bool {
			c, ok := classNumber(l.values[at+i])
			classes[i] = max(classes[i], c+1)
			if !ok {
				classes[i] = 0
			}
			return !ok
		})
	}
	return classes
}

// classNumber is a label that is a whole number from 0.
func classNumber(v float32) (int, bool) {
	if v < 0 || v >= exactLimit || v != float32(int32(v)) {
		return 0, false
	}
	return int(v), true
}
