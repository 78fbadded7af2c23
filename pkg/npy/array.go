package npy

import (
	"io"
	"runtime/debug"
)

// Mode says where an array's bytes are while it is in use.
type Mode uint8

// Auto maps a file that is larger than a quarter of the memory and reads a
// smaller one. Mapped maps every file that can be mapped; gzip files and arrays
// in Fortran order cannot, and are read where they are not too large. InMemory
// reads every file.
const (
	Auto Mode = iota
	Mapped
	InMemory
)

// Options of Open; the zero value is right for most callers.
type Options struct {
	Mode   Mode
	Memory int64                                           // bytes of memory to reckon with; 0 = this machine's
	Unit   bool                                            // uint8 elements are divided by 255
	Format func(r io.ReaderAt, size int64) (Header, error) // how to read the header; nil = ReadHeader
}

// Array is an open array file. Its rows are the elements along the first axis,
// each flattened in C order. It is safe for concurrent use, Close excepted.
type Array struct {
	header Header
	path   string
	data   []byte   // the elements, exactly
	mapped *mapping // nil when data is ordinary memory
	digest string
	row    int // elements of one row
	decode decoder
}

// Header describes the array. An array in Fortran order was turned to C order on
// opening: Fortran is false here.
func (a *Array) Header() Header { return a.header }

// Path is the file that was opened.
func (a *Array) Path() string { return a.path }

// IsMapped tells a mapped file from one that was read.
func (a *Array) IsMapped() bool { return a.mapped != nil }

// Rows is the length of the first axis; a single number is one row.
func (a *Array) Rows() int64 {
	if len(a.header.Shape) == 0 {
		return 1
	}
	return a.header.Shape[0]
}

// RowLen is the number of elements of one row.
func (a *Array) RowLen() int { return a.row }

// Fingerprint identifies the content: a SHA-256 in hexadecimal over all of a
// small file, over the size, the beginning, the end and 64 blocks between them of
// a large one. A gzip file has the fingerprint of what is in it.
func (a *Array) Fingerprint() string { return a.digest }

// Gather copies rows into dst as float32, one after another. With an index, row r
// stands for row index[r] of the array. len(dst) must be len(rows)*RowLen().
// Integers above 2^24 and float64 are rounded to float32. A mapped file that was
// cut or changed since it was opened is a *ChangedError, and dst is then undefined.
func (a *Array) Gather(dst []float32, rows []int, index []int64) (err error) {
	if len(dst) != len(rows)*a.row {
		return bad("%s: a buffer of %d numbers was given for %d rows of %d", a.path, len(dst), len(rows), a.row)
	}
	if a.mapped == nil {
		return a.gather(dst, rows, index)
	}
	defer a.guard(&err)()
	if err := a.gather(dst, rows, index); err != nil {
		return err
	}
	return a.unchanged()
}

// guard turns memory faults of this goroutine into an error, until the function
// that it returns is called (deferred).
func (a *Array) guard(err *error) func() {
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // runtime's memory fault
			*err = &ChangedError{Path: a.path, Msg: "the file was cut off or became unreadable while it was in use; restore it and resume"}
		default:
			panic(fault)
		}
	}
}

func (a *Array) gather(dst []float32, rows []int, index []int64) error {
	size := int(a.header.ItemSize())
	var scratch []byte
	if a.header.BigEndian {
		scratch = make([]byte, a.row*size)
	}
	for k, r := range rows {
		at := int64(r)
		if index != nil {
			if r < 0 || r >= len(index) {
				return a.outside(at, int64(len(index)))
			}
			at = index[r]
		}
		if at < 0 || at >= a.Rows() {
			return a.outside(at, a.Rows())
		}
		src := a.data[int(at)*a.row*size:][:a.row*size]
		if scratch != nil {
			swap(scratch, src, size)
			src = scratch
		}
		a.decode(dst[k*a.row:(k+1)*a.row], src)
	}
	return nil
}

func (a *Array) outside(row, rows int64) error {
	return bad("%s: row %d was asked for, there are %d", a.path, row, rows)
}

// Close gives the file and the memory back. Reading afterwards is an error.
func (a *Array) Close() error {
	a.data, a.header.Shape = nil, []int64{0}
	if a.mapped == nil {
		return nil
	}
	return a.mapped.close()
}
