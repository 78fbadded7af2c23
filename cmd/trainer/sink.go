package main

import (
	"os"
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/npy"
)

// rowWriter is a file of rows that takes its name when it is whole.
type rowWriter interface {
	WriteFloat32s(v []float32) error
	Close() error
	Abort()
}

// fileSink writes results to {path}.npy or {path}.npz.
type fileSink struct {
	path   string
	output config.Output
	change func([]float32) // applied to the rows before they are written; nil = none
	shape  []int64
	file   rowWriter
}

func newSink(path string, o config.Output) (*fileSink, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	extension := ".npy"
	if o.Format == "csr_npz" {
		extension = ".npz"
	}
	return &fileSink{path: path + extension, output: o}, nil
}

// Begin makes the file for n rows of the given shape.
func (s *fileSink) Begin(n int, shape []int64) (err error) {
	s.shape = append([]int64{int64(n)}, shape...)
	dtype := map[string]string{"float32": "f4", "float16": "f2"}[s.output.DType]
	if s.output.Format == "csr_npz" {
		if len(s.shape) != 2 {
			return mistakef("output.format: csr_npz holds a matrix, the results have shape %v; use npy", s.shape)
		}
		if dtype != "f4" {
			return mistakef("output.dtype: found %s, but csr_npz holds float32 (SciPy has no other short type); use float32", s.output.DType)
		}
		s.file, err = npy.CreateCSR(s.path, s.shape[0], s.shape[1])
		return err
	}
	s.file, err = npy.Create(s.path, dtype, s.shape)
	return err
}

// Rows appends rows.
func (s *fileSink) Rows(v []float32) error {
	if s.change != nil {
		s.change(v)
	}
	return s.file.WriteFloat32s(v)
}

// Close gives the file its name.
func (s *fileSink) Close() error { return s.file.Close() }

// Abort removes what was not closed.
func (s *fileSink) Abort() {
	if s.file != nil {
		s.file.Abort()
	}
}

var _ infer.Sink = (*fileSink)(nil)

// extras writes {split}_labels.npy and {split}_indices.npy where the config asks.
func (r *inferRun) extras(name string, s *dataset.Split) error {
	for _, extra := range r.cfg.Output.Extras {
		path := filepath.Join(r.trained.dir, r.kind.folder, name+"_"+extra+".npy")
		shape := []int64{int64(s.Len())}
		var err error
		switch extra {
		case "indices":
			err = writeInts(path, shape, s.Indices())
		case "labels":
			shape = append(shape, r.data.LabelShape...)
			err = r.writeLabels(path, shape, s)
		}
		if err != nil {
			return err
		}
		r.written = append(r.written, written{path, shape})
	}
	return nil
}

func writeInts(path string, shape, v []int64) error {
	w, err := npy.Create(path, "i8", shape)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := w.WriteInt64s(v); err != nil {
		return err
	}
	return w.Close()
}

// writeLabels writes int64 classes or float32 values, as the labels are.
func (r *inferRun) writeLabels(path string, shape []int64, s *dataset.Split) error {
	if r.data.LabelShape == nil {
		return mistakef("output.extras: found labels, but the data have none; give data.labels, or drop it")
	}
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	values := make([]float32, product(shape))
	if err := s.ReadLabels(values, rows); err != nil {
		return err
	}
	if r.data.Classes > 0 {
		ints := make([]int64, len(values))
		for i, v := range values {
			ints[i] = int64(v)
		}
		return writeInts(path, shape, ints)
	}
	w, err := npy.Create(path, "f4", shape)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := w.WriteFloat32s(values); err != nil {
		return err
	}
	return w.Close()
}

func product(shape []int64) int64 {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	return n
}
