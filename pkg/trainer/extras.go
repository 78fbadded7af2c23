package trainer

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/dataset"
)

// checkOutput says before any work what of the output section cannot be.
func (r *inferRun) checkOutput() error {
	o := r.cfg.Output
	switch {
	case o.Format == "csr_npz" && o.DType != "float32":
		return mistakef("output.dtype: found %s, but csr_npz holds float32 (SciPy has no other short type); use float32", o.DType)
	case slices.Contains(o.Extras, "labels") && r.data.LabelShape == nil:
		return mistakef("output.extras: found labels, but the data have none; give data.labels, or leave labels out")
	}
	return nil
}

// extras writes {split}_labels.npy and {split}_indices.npy where the config asks.
func (r *inferRun) extras(name string, s *dataset.Split) error {
	for _, extra := range r.cfg.Output.Extras {
		var err error
		switch extra {
		case "indices":
			err = r.writeInts(name+"_indices.npy", []int64{int64(s.Len())}, s.Indices())
		case "labels":
			err = r.writeLabels(name+"_labels.npy", s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *inferRun) writeInts(name string, shape, v []int64) error {
	w, err := r.out.array(name, "i8", shape)
	if err != nil {
		return err
	}
	return w.WriteInt64s(v)
}

// writeLabels writes int64 classes or float32 values, as the labels are.
func (r *inferRun) writeLabels(name string, s *dataset.Split) error {
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	shape := append([]int64{int64(s.Len())}, r.data.LabelShape...)
	values := make([]float32, product(shape))
	if err := s.ReadLabels(values, rows); err != nil {
		return err
	}
	if r.data.Classes > 0 {
		ints := make([]int64, len(values))
		for i, v := range values {
			ints[i] = int64(v)
		}
		return r.writeInts(name, shape, ints)
	}
	w, err := r.out.array(name, "f4", shape)
	if err != nil {
		return err
	}
	return w.WriteFloat32s(values)
}

func product(shape []int64) int64 {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	return n
}
