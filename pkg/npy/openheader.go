package npy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"os"
)

// OpenHeader is the header of the array that Open would open, without reading the data:
// what shows only there, such as a damaged gzip file, is not found. format nil is
// ReadHeader.
func OpenHeader(path string, format func(r io.ReaderAt, size int64) (Header, error)) (Header, error) {
	if format == nil {
		format = ReadHeader
	}
	file, size, err := openRegular(path)
	if err != nil {
		return Header{}, at(path, err)
	}
	defer file.Close()
	h, err := readAnyHeader(file, size, format)
	return h, at(path, err)
}

func readAnyHeader(file *os.File, size int64, format func(r io.ReaderAt, size int64) (Header, error)) (Header, error) {
	var first [2]byte
	if _, err := file.ReadAt(first[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return Header{}, err
	}
	if first == [2]byte{0x1f, 0x8b} {
		packed, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
		if err != nil {
			return Header{}, brokenGzip(err)
		}
		head, known, err := gzipHead(gzipReader{packed})
		if err != nil {
			return Header{}, err
		}
		return formatted(format, bytes.NewReader(head), known)
	}
	return formatted(format, file, size)
}

func formatted(format func(r io.ReaderAt, size int64) (Header, error), r io.ReaderAt, size int64) (Header, error) {
	h, err := format(r, size)
	if err != nil {
		return h, err
	}
	return h, h.Check(size)
}

// gzipHead is the beginning of a gzip file's content, which holds the header, and the
// length of the content where its end was seen.
func gzipHead(z io.Reader) (head []byte, known int64, err error) {
	head = make([]byte, maxHeader+12)
	n, err := io.ReadFull(z, head)
	known = math.MaxInt64
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return head[:n], int64(n), nil
	}
	return head[:n], known, err
}
