package npy

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// CSRWriter writes a float32 matrix row by row as the npz file of a compressed
// sparse row matrix that scipy.sparse.load_npz reads. Memory does not grow with the
// number of rows: the parts are spooled beside the file until Close.
type CSRWriter struct {
	path       string
	rows, cols int64
	data       *spool // float32 values that are not 0
	indices    *spool // their columns, int32
	indptr     *spool // where each row begins, int64
	done       int64  // rows written
	partial    int64  // columns written of the row in progress
}

// spool is a part of the file in the making.
type spool struct {
	file *atomicfile.File
	buf  *bufio.Writer
	n    int64
}

// CreateCSR starts the file path for a matrix of known size. Every CSRWriter must end
// with Close or Abort.
func CreateCSR(path string, rows, cols int64) (*CSRWriter, error) {
	if rows < 0 || cols < 0 || cols > math.MaxInt32 {
		return nil, &Error{Path: path, Msg: fmt.Sprintf("a sparse matrix of %d × %d cannot be written, expected at most 2³¹-1 columns", rows, cols)}
	}
	w := &CSRWriter{path: path, rows: rows, cols: cols}
	for _, part := range []**spool{&w.data, &w.indices, &w.indptr} {
		file, err := atomicfile.Create(path)
		if err != nil {
			w.Abort()
			return nil, err
		}
		*part = &spool{file: file, buf: bufio.NewWriterSize(file, 1<<16)}
	}
	return w, w.indptr.int64(0)
}

// WriteFloat32s appends elements in row order; a call may end in the middle of a row.
func (w *CSRWriter) WriteFloat32s(v []float32) error {
	for _, x := range v {
		if w.done == w.rows {
			return fmt.Errorf("write %s: more than %d rows of %d", w.path, w.rows, w.cols)
		}
		if x != 0 {
			if err := w.data.uint32(math.Float32bits(x)); err != nil {
				return err
			}
			if err := w.indices.uint32(uint32(w.partial)); err != nil {
				return err
			}
		}
		if w.partial++; w.partial < w.cols {
			continue
		}
		w.partial = 0
		w.done++
		if err := w.indptr.int64(w.data.n); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) uint32(v uint32) error {
	s.n++
	_, err := s.buf.Write(binary.LittleEndian.AppendUint32(s.buf.AvailableBuffer(), v))
	return err
}

func (s *spool) int64(v int64) error {
	s.n++
	_, err := s.buf.Write(binary.LittleEndian.AppendUint64(s.buf.AvailableBuffer(), uint64(v)))
	return err
}

// Close puts the parts together, makes the file durable and gives it its name. With
// fewer rows than were promised it is an error, and nothing is left.
func (w *CSRWriter) Close() error {
	defer w.Abort()
	if w.done != w.rows || w.partial != 0 {
		return fmt.Errorf("write %s: %d of %d rows were written", w.path, w.done, w.rows)
	}
	out, err := atomicfile.Create(w.path)
	if err != nil {
		return err
	}
	defer out.Abort()
	z := zip.NewWriter(out)
	if err := w.assemble(z); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return out.Commit()
}

func (w *CSRWriter) assemble(z *zip.Writer) error {
	shape := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(w.rows)), uint64(w.cols))
	for _, m := range []struct {
		name   string
		header Header
		data   io.Reader
		spool  *spool
	}{
		{name: "indices", header: Header{DType: "i4", Shape: []int64{w.indices.n}}, spool: w.indices},
		{name: "indptr", header: Header{DType: "i8", Shape: []int64{w.indptr.n}}, spool: w.indptr},
		{name: "format", header: Header{DType: "S3"}, data: strings.NewReader("csr")},
		{name: "shape", header: Header{DType: "i8", Shape: []int64{2}}, data: strings.NewReader(string(shape))},
		{name: "data", header: Header{DType: "f4", Shape: []int64{w.data.n}}, spool: w.data},
	} {
		entry, err := z.CreateHeader(&zip.FileHeader{Name: m.name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := entry.Write(headerBytes(m.header)); err != nil {
			return err
		}
		if m.spool != nil {
			if m.data, err = m.spool.rewind(); err != nil {
				return err
			}
		}
		if _, err := io.Copy(entry, m.data); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) rewind() (io.Reader, error) {
	if err := s.buf.Flush(); err != nil {
		return nil, err
	}
	_, err := s.file.File().Seek(0, io.SeekStart)
	return s.file.File(), err
}

// Abort gives up: what was spooled is removed. After Close it does nothing.
func (w *CSRWriter) Abort() {
	for _, s := range []*spool{w.data, w.indices, w.indptr} {
		if s != nil {
			s.file.Abort()
		}
	}
}
