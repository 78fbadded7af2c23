package npy

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// Open opens an array file, gzip or not (told by its first bytes, not its name).
// The header is checked against the file before memory is taken. Broken files,
// and files too large for the memory in the way they are stored, are user errors
// that name the file.
func Open(path string, o Options) (*Array, error) {
	if o.Memory == 0 {
		o.Memory = TotalMemory()
	}
	if o.Format == nil {
		o.Format = ReadHeader
	}
	file, size, err := openRegular(path)
	if err != nil {
		return nil, at(path, err)
	}
	a := &Array{path: path}
	if err := a.load(file, size, o); err != nil {
		file.Close()
		return nil, at(path, err)
	}
	if a.mapped == nil {
		file.Close()
	}
	a.row = int(a.header.Count())
	if len(a.header.Shape) > 0 {
		a.row = 1
		for _, d := range a.header.Shape[1:] {
			a.row *= int(d)
		}
	}
	a.decode = decoderOf(a.header.DType, o.Unit)
	return a, nil
}

// openRegular refuses what is not a plain file: a folder cannot be read, and
// opening a pipe would wait for ever.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if info.IsDir() {
		return nil, 0, bad("this is a folder, expected a file")
	}
	if !info.Mode().IsRegular() {
		return nil, 0, bad("this is not a plain file (%s); expected a file on disk", info.Mode().Type())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	if info, err = file.Stat(); err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// load fills header, data, mapped and digest.
func (a *Array) load(file *os.File, size int64, o Options) error {
	var first [2]byte
	if _, err := file.ReadAt(first[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if first == [2]byte{0x1f, 0x8b} {
		return a.loadGzip(file, size, o)
	}
	h, err := formatted(o.Format, file, size)
	if err != nil {
		return err
	}
	a.header = h
	end := h.DataOffset + h.Bytes()
	fortran := h.Fortran && !sameInBothOrders(h.Shape)
	if o.Mode == Mapped && !fortran || o.Mode == Auto && end > o.Memory/4 && !fortran {
		return a.loadMapped(file, end)
	}
	if err := a.affordable(end, o, fortran); err != nil {
		return err
	}
	content := make([]byte, end)
	if _, err := file.ReadAt(content, 0); err != nil {
		if errors.Is(err, io.EOF) {
			return bad("the file became shorter while it was read; wait until it is written, then start again")
		}
		return err
	}
	return a.keep(content)
}

// affordable refuses to read into memory what does not fit there.
func (a *Array) affordable(end int64, o Options, fortran bool) error {
	const gb = 1e9
	switch {
	case end > o.Memory:
		return bad("the array needs %.1f GB of memory and this machine has %.1f GB; use in_memory: auto and an unpacked file in C order", float64(end)/gb, float64(o.Memory)/gb)
	case fortran && o.Mode != InMemory && end > o.Memory/4:
		return bad("the array is in Fortran order and too large (%.1f GB) to be turned in memory; save it with numpy.save(path, numpy.ascontiguousarray(x)), or set in_memory: true", float64(end)/gb)
	}
	return nil
}

// keep takes the whole content of a file as the array's memory.
func (a *Array) keep(content []byte) (err error) {
	if a.digest, err = fingerprint(bytes.NewReader(content), int64(len(content))); err != nil {
		return err
	}
	a.data = content[a.header.DataOffset:]
	if a.header.DataOffset > 1<<16 { // other arrays of the file, which would stay in memory with it
		a.data = bytes.Clone(a.data)
	}
	if a.header.Fortran {
		a.data = toCOrder(a.data, a.header)
		a.header.Fortran = false
	}
	return nil
}
