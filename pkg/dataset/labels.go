package dataset

import (
	"bytes"
	"io"
	"math"
	"slices"

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
	largest := float32(0)
	for _, v := range l.values {
		if v < 0 || v >= exactLimit || v != float32(int32(v)) {
			return 0
		}
		largest = max(largest, v)
	}
	return int(largest) + 1
}
