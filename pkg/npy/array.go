package npy

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
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
func (a *Array) Gather(dst []float32, rows []int, index []int64) error {
	if at, ok := a.run(rows, index); ok && a.mapped != nil && len(dst) == len(rows)*a.row && 4*len(dst) >= longRun && a.storesFloat32s() {
		return a.readRun(dst, at)
	}
	return a.each(len(dst), rows, index, func(k, n int, src []byte) {
		a.decode(dst[k*a.row:(k+n)*a.row], src)
	})
}

// GatherRaw is Gather of an array of one byte an element (u1, i1, b1), as it is stored.
func (a *Array) GatherRaw(dst []byte, rows []int, index []int64) error {
	if a.header.ItemSize() != 1 {
		return bad("%s: the elements are %s, which are no bytes", a.path, TypeName(a.header.DType))
	}
	return a.each(len(dst), rows, index, func(k, n int, src []byte) { copy(dst[k*a.row:], src) })
}

// each calls f for the elements of every row, or of n rows that follow one another from
// the k-th on; size is the room in elements that the caller has.
func (a *Array) each(size int, rows []int, index []int64, f func(k, n int, src []byte)) (err error) {
	if size != len(rows)*a.row {
		return bad("%s: a buffer of %d numbers was given for %d rows of %d", a.path, size, len(rows), a.row)
	}
	if a.mapped == nil {
		return a.runs(rows, index, f)
	}
	defer a.guard(&err)()
	if err := a.runs(rows, index, f); err != nil {
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
			*err = a.cutOff()
		default:
			panic(fault)
		}
	}
}

func (a *Array) cutOff() error {
	return &ChangedError{Path: a.path, Msg: "the file was cut off or became unreadable while it was in use; restore it and resume"}
}

func (a *Array) runs(rows []int, index []int64, f func(k, n int, src []byte)) error {
	stride := a.row * int(a.header.ItemSize())
	var scratch []byte
	for k, n := 0, 0; k < len(rows); k += n {
		at, err := a.place(rows[k], index)
		if err != nil {
			return err
		}
		for n = 1; k+n < len(rows); n++ {
			if next, err := a.place(rows[k+n], index); err != nil || next != at+n {
				break // an error shows when it is that row's turn
			}
		}
		src := a.data[at*stride:][:n*stride]
		if a.header.BigEndian {
			scratch = append(scratch[:0], src...)
			swap(scratch, src, int(a.header.ItemSize()))
			src = scratch
		}
		f(k, n, src)
	}
	return nil
}

// longRun is how many bytes that lie side by side are read with one call to the system
// and not through the mapping: a pass over a large file then makes no page faults, and
// its pages do not count as this process's memory.
const longRun = 128 << 10

// run is where rows begin, if they follow one another in the array.
func (a *Array) run(rows []int, index []int64) (begin int, ok bool) {
	for k, r := range rows {
		at, err := a.place(r, index)
		switch {
		case err != nil || k > 0 && at != begin+k:
			return 0, false
		case k == 0:
			begin = at
		}
	}
	return begin, len(rows) > 0
}

// storesFloat32s says that the file's bytes are what memory holds.
func (a *Array) storesFloat32s() bool {
	return littleHost && a.header.DType == "f4" && !a.header.BigEndian
}

// readRun reads the rows from the given one on into dst, in pieces at the same time: what
// reads ahead of a computation on all cores then takes from each of them alike, and no
// core waits for the one that reads.
func (a *Array) readRun(dst []float32, at int) error {
	raw, begin := asBytes(dst), a.header.DataOffset+4*int64(at)*int64(a.row)
	pieces := min(runtime.GOMAXPROCS(0), len(raw)/longRun)
	errs := make([]error, pieces)
	var wait sync.WaitGroup
	for i := range pieces {
		from, to := len(raw)*i/pieces, len(raw)*(i+1)/pieces
		wait.Go(func() { _, errs[i] = a.mapped.file.ReadAt(raw[from:to], begin+int64(from)) })
	}
	wait.Wait()
	for _, err := range errs {
		switch {
		case errors.Is(err, io.EOF):
			return cmp.Or(a.unchanged(), a.cutOff())
		case err != nil:
			return fmt.Errorf("read %s: %w", a.path, err)
		}
	}
	return a.unchanged()
}

// place is where row r is in the array.
func (a *Array) place(r int, index []int64) (int, error) {
	at := int64(r)
	if index != nil {
		if r < 0 || r >= len(index) {
			return 0, a.outside(at, int64(len(index)))
		}
		at = index[r]
	}
	if at < 0 || at >= a.Rows() {
		return 0, a.outside(at, a.Rows())
	}
	return int(at), nil
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
