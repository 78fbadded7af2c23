package checkpoint

import (
	"cmp"
	"errors"
	"hash/crc32"
	"io"
	"slices"
)

// stored is a record that was found in a file.
type stored struct {
	name   string // below the top folder
	size   int64
	offset int64 // of the local header
	data   int64 // where the content begins
	crc    uint32
}

// zipFile is an opened archive whose directory has been checked against its
// headers: no record overlaps another, none reaches outside the file.
type zipFile struct {
	r       io.ReaderAt
	size    int64
	top     string   // the one top folder
	records []stored // in the order of the directory
	byName  map[string]*stored
}

// openZip reads and checks the directory. It takes memory in proportion to the
// directory that is there, not to the sizes that it claims.
func openZip(r io.ReaderAt, size int64) (*zipFile, error) {
	z := &zipFile{r: r, size: size}
	end, err := z.findEnd()
	if err != nil {
		return nil, err
	}
	dir, err := z.bytes(end.dir, end.dirSize)
	if err != nil {
		return nil, err
	}
	if err := z.parse(dir, end.count); err != nil {
		return nil, err
	}
	if err := z.index(); err != nil {
		return nil, err
	}
	return z, z.checkPlaces(end.dir)
}

// bytes reads a range that was found to lie in the file.
func (z *zipFile) bytes(offset, n int64) ([]byte, error) {
	if offset < 0 || n < 0 || offset > z.size || n > z.size-offset {
		return nil, bad("damaged: a part of %d bytes at byte %d of a file of %d bytes", n, offset, z.size).hint(useAnother)
	}
	b := make([]byte, n)
	if _, err := z.r.ReadAt(b, offset); err != nil && !(errors.Is(err, io.EOF) && n == 0) {
		return nil, readError(err)
	}
	return b, nil
}

func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return bad("became shorter while it was read").hint("try again when nothing writes to it")
	}
	return err
}

// checkPlaces reads each local header and makes sure that the records lie apart
// from one another and before the directory.
func (z *zipFile) checkPlaces(dir int64) error {
	order := make([]*stored, len(z.records))
	for i := range z.records {
		order[i] = &z.records[i]
	}
	slices.SortFunc(order, func(a, b *stored) int { return cmp.Compare(a.offset, b.offset) })
	free := int64(0)
	for _, s := range order {
		if s.offset < free {
			return bad("damaged: record %s overlaps another one", quote(s.name)).hint(useAnother)
		}
		if err := z.checkLocal(s); err != nil {
			return err
		}
		if free = s.data + s.size; free > dir {
			return bad("damaged: record %s of %d bytes reaches beyond its place", quote(s.name), s.size).hint(useAnother)
		}
	}
	return nil
}

// find is the record with that name below the top folder.
func (z *zipFile) find(name string) (*stored, error) {
	s, ok := z.byName[name]
	if !ok {
		return nil, bad("not a torch checkpoint: it has no record %s", quote(name))
	}
	return s, nil
}

// read returns the content of a record after checking its CRC.
func (z *zipFile) read(s *stored) ([]byte, error) {
	b, err := z.bytes(s.data, s.size)
	if err != nil {
		return nil, err
	}
	return b, s.checkCRC(crc32.ChecksumIEEE(b))
}

// verify checks the CRC of a record without keeping its content.
func (z *zipFile) verify(s *stored) error {
	if s.crc == 0 {
		return nil
	}
	h := crc32.NewIEEE()
	n, err := io.Copy(h, io.NewSectionReader(z.r, s.data, s.size))
	if err != nil {
		return readError(err)
	}
	if n != s.size {
		return readError(io.ErrUnexpectedEOF)
	}
	return s.checkCRC(h.Sum32())
}

// checkCRC compares with the directory. A CRC of 0 there means that none was
// computed: torch can be told to leave it out.
func (s *stored) checkCRC(got uint32) error {
	if s.crc == 0 || s.crc == got {
		return nil
	}
	return bad("damaged: the content of record %s has the CRC %08x, it was written with %08x", quote(s.name), got, s.crc).hint(useAnother)
}

// small reads a record that must be short text.
func (z *zipFile) small(s *stored) (string, error) {
	if s.size > 64 {
		return "", bad("not a torch checkpoint: its record %s has %d bytes", quote(s.name), s.size)
	}
	b, err := z.read(s)
	return string(b), err
}
