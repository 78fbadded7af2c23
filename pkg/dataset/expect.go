package dataset

import (
	"fmt"
	"math"
	"slices"
)

// Index says that a model reads some numbers of a sample, From to To excluded, as whole
// numbers from 0 that are less than Below. By is what reads them, for messages.
type Index struct {
	From, To, Below int64
	By              string
}

// Expect has every sample that is read from now on held against what a model reads of it:
// another number is an error, before the model sees it. It is called before reading begins.
func (d *Data) Expect(list []Index) {
	for _, x := range list {
		if !slices.Contains(d.expected, x) {
			d.expected = append(d.expected, x)
		}
	}
}

// CheckIndices holds the samples of all splits that are in memory against what is expected
// of them, so that what is wrong shows before anything is trained.
func (d *Data) CheckIndices() error {
	for _, s := range []*Split{d.Train, d.Val, d.Test} {
		if s == nil || s.part.mapped || len(d.expected) == 0 {
			continue
		}
		rows, block := make([]int, 0, s.Len()), max(1<<16/s.dim, 1)
		for r := range s.Len() {
			rows = append(rows, r)
		}
		buffer := make([]float32, block*s.dim)
		for some := range slices.Chunk(rows, block) {
			if err := s.Read(buffer[:len(some)*s.dim], some); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkIndices holds samples, as they were read, against what is expected of them.
func (s *Split) checkIndices(x []float32, rows []int) error {
	for _, e := range s.data.expected {
		for k := range rows {
			for _, v := range x[k*s.dim+int(e.From) : k*s.dim+int(e.To)] {
				if v < 0 || v >= float32(e.Below) || v != float32(math.Trunc(float64(v))) {
					return s.wrongIndex(e, v, rows[k])
				}
			}
		}
	}
	return nil
}

// wrongIndex is the sentence about a number that is no index; at is its sample's position.
func (s *Split) wrongIndex(e Index, v float32, at int) error {
	row := int64(at)
	if s.index != nil {
		row = s.index[at]
	}
	remedy := fmt.Sprintf("number what it stands for from 0, or write num: %d or more", int64(v)+1)
	if v < 0 || v >= exactLimit {
		remedy = "number what it stands for from 0"
	} else if v != float32(int64(v)) {
		remedy = "keep data.normalize: none, and store numbers of less than 256 as int32, since uint8 is scaled to [0, 1]"
		if len(s.data.Arrays) > 0 {
			remedy = "name the array in data.raw, so that it stays as it is"
		}
	}
	where := "the data"
	if s.part.path != "" {
		where = s.part.path
	}
	return mistake("%s reads whole numbers from 0 to %d, and found %v in row %d of %s (%s split); %s", e.By, e.Below-1, v, row, where, s.name, remedy)
}
