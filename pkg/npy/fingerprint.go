package npy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
)

const (
	wholeLimit  = 16 << 20 // up to this size every byte counts
	sampleBlock = 64 << 10
	samples     = 64
)

// Fingerprint hashes content as Array.Fingerprint does, for files that hold an array in
// another form.
func Fingerprint(r io.ReaderAt, size int64) (string, error) { return fingerprint(r, size) }

// fingerprint hashes size bytes of r: all of them, or for large content its size,
// its first and last block and 64 blocks at even distances.
func fingerprint(r io.ReaderAt, size int64) (string, error) {
	hash := sha256.New()
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(size))
	hash.Write(length[:])
	if size <= wholeLimit {
		n, err := io.Copy(hash, io.NewSectionReader(r, 0, size))
		if err == nil && n != size {
			err = io.ErrUnexpectedEOF
		}
		return hex.EncodeToString(hash.Sum(nil)), err
	}
	block := make([]byte, sampleBlock)
	last := size - sampleBlock
	for k := range int64(samples + 2) {
		at := last / (samples + 1) * k
		if k == samples+1 {
			at = last
		}
		if n, err := r.ReadAt(block, at); n < len(block) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		hash.Write(block)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
