// Package parquetfile reads samples from Parquet files: a column that is a list of numbers,
// of one length, or else every column, each a number; and a column of labels.
//
// The format is read by github.com/parquet-go/parquet-go. Compressed and encoded pages
// cannot be mapped: a file is read from its beginning to its end.
package parquetfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Options say what is read.
type Options struct {
	List   string     // the column of lists; "" = the only one, or else all columns, each a number
	Groups [][]string // in place of List: the columns that make a sample, lists or numbers, in groups
	Labels []string   // the columns of labels, of which one alone may hold names
}

// File is an open file.
type File struct {
	path    string
	file    *os.File
	content *parquet.File
	size    int64
	samples []*column // in order
	widths  []int     // of the groups
	width   int       // of a sample
	labels  []*column
	named   int // which of the labels is names; -1 = none
}

// Error is what is wrong with a file, in one sentence that names it.
type Error struct {
	Msg string
	err error // of the library, where there is one
}

func (e *Error) Error() string { return e.Msg }

func (e *Error) Unwrap() error { return e.err }

// UserError is true: another file is needed, or another choice of columns.
func (e *Error) UserError() bool { return true }

func (f *File) bad(format string, args ...any) error {
	return &Error{Msg: f.path + ": " + fmt.Sprintf(format, args...)}
}

// Open reads the end of a file, which says what is in it, and its first list.
func Open(path string, o Options) (f *File, err error) {
	f = &File{path: path, named: -1}
	err = f.guarded(func() error { return f.open(o) })
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) open(o Options) (err error) {
	if f.file, err = os.Open(f.path); err != nil {
		return f.bad("%v", reason(err))
	}
	info, err := f.file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if !info.Mode().IsRegular() {
		return f.bad("this is not a plain file; expected a Parquet file")
	}
	f.size = info.Size()
	f.content, err = parquet.OpenFile(f.file, f.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<18))
	if err != nil {
		return f.damaged(err)
	}
	if f.Rows() == 0 {
		return f.bad("the file has no rows")
	}
	return f.choose(o)
}

// guarded tells a panic of the library, which damaged files can cause, as what it is.
func (f *File) guarded(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = f.damaged(fmt.Errorf("%v", r))
		}
	}()
	return fn()
}

func (f *File) damaged(err error) error {
	what := strings.Join(strings.Fields(err.Error()), " ")
	return &Error{fmt.Sprintf("%s: not a Parquet file, or damaged (%s); write or copy it again", f.path, what), err}
}

func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Rows is the number of samples.
func (f *File) Rows() int64 { return f.content.NumRows() }

// Width is how many numbers a sample has.
func (f *File) Width() int { return f.width }

// Widths are how many numbers of a sample each of the groups has.
func (f *File) Widths() []int { return f.widths }

// Columns are the names of the columns that make a sample; nil where it is a list, and where
// they were named.
func (f *File) Columns() (names []string) {
	for _, c := range f.samples {
		if c.width > 0 || f.widths != nil {
			return nil
		}
		names = append(names, c.name)
	}
	return names
}

// Close closes the file.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// Content is the file's bytes and how many there are.
func (f *File) Content() (io.ReaderAt, int64) { return f.file, f.size }

// Read gives all samples, one after another, some at a time; the slice is good until each
// returns.
func (f *File) Read(each func(samples []float32) error) error {
	return f.guarded(func() error { return f.read(each) })
}

func (f *File) read(each func(samples []float32) error) error {
	var streams []*stream
	for _, c := range f.samples {
		s := f.stream(c)
		defer s.close()
		streams = append(streams, s)
	}
	block := min(int64(max(1<<16/f.width, 1)), f.Rows())
	buffer := make([]float32, block*int64(f.width))
	for at := int64(0); at < f.Rows(); at += block {
		rows := int(min(block, f.Rows()-at))
		from := 0 // in a sample
		for _, s := range streams {
			if err := s.fillColumn(buffer[from:rows*f.width], f.width, rows); err != nil {
				return err
			}
			from += max(s.column.width, 1)
		}
		if err := each(buffer[:rows*f.width]); err != nil {
			return err
		}
	}
	for _, s := range streams {
		if err := s.end(); err != nil {
			return err
		}
	}
	return nil
}

// Named says which of the labels is names, if one is.
func (f *File) Named() (at int, ok bool) { return f.named, f.named >= 0 }

// Names are the labels that are names.
func (f *File) Names() (names []string, err error) {
	err = f.guarded(func() error {
		s := f.stream(f.labels[f.named])
		defer s.close()
		names, err = s.texts()
		return err
	})
	return names, err
}

// Labels are the labels that are numbers, a row a sample; 0 in the place of names.
func (f *File) Labels() (labels []float32, err error) {
	err = f.guarded(func() error {
		labels = make([]float32, f.Rows()*int64(len(f.labels)))
		for i, c := range f.labels {
			if i == f.named {
				continue
			}
			s := f.stream(c)
			defer s.close()
			if err := s.numbers(labels[i:], len(f.labels)); err != nil {
				return err
			}
		}
		return nil
	})
	return labels, err
}
