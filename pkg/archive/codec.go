package archive

import (
	"bufio"
	"compress/gzip"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the memory that reading an archive takes, as zstd's own default does.
const maxWindow = 128 << 20

// Extensions are the endings of an archive's name; they say how it is compressed.
var Extensions = []string{".tar.zst", ".tar.gz", ".tgz"}

// extension is that of a path; empty where it is none of Extensions.
func extension(path string) string {
	for _, e := range Extensions {
		if strings.HasSuffix(path, e) {
			return e
		}
	}
	return ""
}

// CheckName says what is wrong with the name of an archive.
func CheckName(path string) error {
	if extension(path) == "" {
		return bad(path, "an archive is called %s", strings.Join(Extensions, ", "))
	}
	return nil
}

// compressor wraps w as the name says.
func compressor(path string, w io.Writer) (io.WriteCloser, error) {
	if extension(path) == ".tar.zst" {
		return zstd.NewWriter(w)
	}
	return gzip.NewWriter(w), nil
}

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// decompressor goes by the first bytes, whatever the file is called.
func decompressor(r io.Reader) (io.Reader, func(), error) {
	b := bufio.NewReaderSize(r, 1<<20)
	head, err := b.Peek(4)
	if err != nil {
		return nil, nil, io.ErrUnexpectedEOF
	}
	if string(head) == string(zstdMagic) {
		z, err := zstd.NewReader(b, zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	z, err := gzip.NewReader(b)
	return z, func() {}, err
}
