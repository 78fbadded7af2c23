package npy

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"os"
)

// deflateRatio is the most that DEFLATE can expand: no gzip file of n bytes holds
// more than about 1032*n.
const deflateRatio = 1032

// tailLimit is how much may follow the array in a gzip file before we stop
// looking for the checksum at its end.
const tailLimit = 1 << 20

// loadGzip unpacks the file into memory. Header first: the memory is taken only
// when the file can hold what the header promises.
func (a *Array) loadGzip(file *os.File, size int64, o Options) error {
	packed, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return brokenGzip(err)
	}
	z := gzipReader{packed}
	head, known, err := gzipHead(z)
	if err != nil {
		return err
	}
	if a.header, err = formatted(o.Format, bytes.NewReader(head), known); err != nil {
		return err
	}
	end := a.header.DataOffset + a.header.Bytes()
	if err := gzipAffordable(a.header, end, size, o); err != nil {
		return err
	}
	content := make([]byte, end)
	got := copy(content, head)
	more, err := io.ReadFull(z, content[got:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return a.header.Check(int64(got + more))
	} else if err != nil {
		return err
	}
	tail, err := io.Copy(io.Discard, io.LimitReader(z, tailLimit))
	if err != nil {
		return err
	}
	if tail == tailLimit {
		return bad("the gzip file holds much more than the %v of its header; unpack it with gunzip and look", a.header)
	}
	return a.keep(content)
}

// gzipReader says in words what is wrong with the stream. In particular a stream
// that was cut is not io.ErrUnexpectedEOF any more, which io.ReadFull also gives
// for one that ended well but early.
type gzipReader struct{ z *gzip.Reader }

func (r gzipReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	if err != nil && err != io.EOF {
		err = brokenGzip(err)
	}
	return n, err
}

func gzipAffordable(h Header, end, size int64, o Options) error {
	if end/deflateRatio > size+1024 {
		return bad("the header promises %v, %d bytes, which %d bytes of gzip cannot hold; the file is damaged, copy or write it again", h, end, size)
	}
	if o.Mode != InMemory && end > o.Memory/4 {
		return bad("unpacked, the array is %.1f GB, too large to be kept in memory; unpack the file with gunzip so that it can be mapped, or set in_memory: true", float64(end)/1e9)
	}
	if end > o.Memory {
		return bad("unpacked, the array needs %.1f GB of memory and this machine has %.1f GB; unpack the file with gunzip and use in_memory: auto", float64(end)/1e9, float64(o.Memory)/1e9)
	}
	return nil
}

func brokenGzip(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return bad("the gzip file is cut off; copy or write it again")
	case errors.Is(err, gzip.ErrChecksum):
		return bad("the gzip file is damaged (checksum error); copy or write it again")
	case errors.Is(err, gzip.ErrHeader):
		return bad("it begins like a gzip file but is none; copy or write it again")
	}
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) {
		return bad("the gzip file is damaged (%v); copy or write it again", err)
	}
	return err
}
