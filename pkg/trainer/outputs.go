package trainer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/npy"
)

// written is a file that the command made, as its result tells it.
type written struct {
	Path  string  `json:"path"`
	Shape []int64 `json:"shape"`
}

// unfinished is a file that takes its name when it is closed.
type unfinished interface {
	Close() error
	Abort()
}

// outputs are the files of one command in one folder. They take their names together,
// when all are whole: a full disk or an error in the last split leaves the old files.
type outputs struct {
	dir     string
	made    bool // the folder, by this command
	files   []unfinished
	written []written
}

// add begins a file: create gets its path.
func (o *outputs) add(name string, shape []int64, create func(path string) (unfinished, error)) error {
	if err := o.makeFolder(); err != nil {
		return err
	}
	path := filepath.Join(o.dir, name)
	f, err := create(path)
	if err != nil {
		return unwritable(err)
	}
	o.files = append(o.files, f)
	o.written = append(o.written, written{path, shape})
	return nil
}

func (o *outputs) makeFolder() error {
	err := os.Mkdir(o.dir, 0o755)
	switch {
	case err == nil:
		o.made = true
		return nil
	case !errors.Is(err, fs.ErrExist):
		return unwritable(err)
	case !isDir(o.dir):
		return mistakef("%s is a file, not a folder; move it away", o.dir)
	}
	return nil
}

// unwritable makes a folder that may not be written the user's mistake.
func unwritable(err error) error {
	if errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		return &userError{err}
	}
	return err
}

// array begins a .npy file.
func (o *outputs) array(name, dtype string, shape []int64) (w *npy.Writer, err error) {
	err = o.add(name, shape, func(path string) (unfinished, error) {
		w, err = npy.Create(path, dtype, shape)
		return w, err
	})
	return w, err
}

// sparse begins a .npz file for a matrix.
func (o *outputs) sparse(name string, shape []int64) (w *npy.CSRWriter, err error) {
	err = o.add(name, shape, func(path string) (unfinished, error) {
		w, err = npy.CreateCSR(path, shape[0], shape[1])
		return w, err
	})
	return w, err
}

// commit gives the files their names.
func (o *outputs) commit() error {
	for len(o.files) > 0 {
		if err := o.files[0].Close(); err != nil {
			return err
		}
		o.files = o.files[1:]
	}
	return nil
}

// abort takes back what was not committed, with the folder if nothing is in it.
func (o *outputs) abort() {
	for _, f := range o.files {
		f.Abort()
	}
	if o.made {
		os.Remove(o.dir) // refused where a file is in it
	}
}

// rowSink writes results to {name}.npy or {name}.npz.
type rowSink struct {
	out    *outputs
	name   string // of the file, without its extension
	output config.Output
	change func([]float32) // applied to the rows before they are written; nil = none
	file   interface{ WriteFloat32s(v []float32) error }
}

// Begin makes the file for n rows of the given shape.
func (s *rowSink) Begin(n int, shape []int64) (err error) {
	shape = append([]int64{int64(n)}, shape...)
	if s.output.Format != "csr_npz" {
		s.file, err = s.out.array(s.name+".npy", map[string]string{"float32": "f4", "float16": "f2"}[s.output.DType], shape)
		return err
	}
	if len(shape) != 2 {
		return mistakef("output.format: found csr_npz, which holds a matrix, but the results have the shape %v; use npy", shape)
	}
	s.file, err = s.out.sparse(s.name+".npz", shape)
	return err
}

// Rows appends rows.
func (s *rowSink) Rows(v []float32) error {
	if s.change != nil {
		s.change(v)
	}
	return s.file.WriteFloat32s(v)
}

var _ infer.Sink = (*rowSink)(nil)
