package checkpoint

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"slices"
)

// record is one file of the archive: its name below the top folder, and its size
// and content. body must write exactly size bytes; it runs once, in order.
type record struct {
	name string
	size int64
	body func(w io.Writer) error
}

func bytesRecord(name string, b []byte) record {
	return record{name, int64(len(b)), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}}
}

// entry is a record with its place in the archive.
type entry struct {
	record
	path   string
	offset int64 // of the local header
	crc    uint32
}

// archive is a planned file: every offset is known before the first byte is
// written, so that the space can be checked and the data streamed.
type archive struct {
	entries []entry
	dir     int64 // offset of the central directory
	size    int64 // of the whole file
}

// layOut places the records below folder, and torch's serialization id after them.
func layOut(folder string, records []record) *archive {
	a := &archive{}
	a.place(folder, records)
	a.place(folder, []record{{name: recID, size: 40, body: func(w io.Writer) error {
		_, err := io.WriteString(w, a.id())
		return err
	}}})
	return a
}

// place puts records behind those that are there.
func (a *archive) place(folder string, records []record) {
	for _, r := range records {
		e := entry{record: r, path: folder + "/" + r.name, offset: a.dir}
		a.dir += int64(len(e.local())) + e.size + int64(len(e.descriptor()))
		a.entries = append(a.entries, e)
	}
	a.size = a.dir + int64(len(a.directory())) + sizeEnd64 + sizeLocator64 + sizeEnd
}

// id is torch's serialization id: a number for the names and one for the contents
// of the records before it, 20 digits each. It only has to differ where they do.
func (a *archive) id() string {
	names, sums := fnv.New64a(), fnv.New64a()
	for _, e := range a.entries[:len(a.entries)-1] {
		fmt.Fprintln(names, e.name)
		fmt.Fprintln(sums, e.crc)
	}
	return fmt.Sprintf("%020d%020d", names.Sum64(), sums.Sum64())
}

// writeTo writes the file; CRCs are computed on the way.
func (a *archive) writeTo(w io.Writer) error {
	for i := range a.entries {
		e := &a.entries[i]
		if _, err := w.Write(e.local()); err != nil {
			return err
		}
		sum := &summer{w: w}
		if err := e.body(sum); err != nil {
			return err
		}
		if sum.n != e.size {
			return internal("record %s has %d bytes, planned were %d", e.path, sum.n, e.size)
		}
		e.crc = sum.crc
		if _, err := w.Write(e.descriptor()); err != nil {
			return err
		}
	}
	_, err := w.Write(a.end(a.directory()))
	return err
}

// pieceSize is how much is written at once.
const pieceSize = 1 << 20

// summer counts what goes through and computes its CRC32.
type summer struct {
	w   io.Writer
	n   int64
	crc uint32
}

// Write goes piece by piece, so that what was written is still in the cache when it is summed.
func (s *summer) Write(p []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(p, pieceSize) {
		n, err := s.w.Write(piece)
		written += n
		s.n += int64(n)
		s.crc = crc32.Update(s.crc, crc32.IEEETable, piece[:n])
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

var le = binary.LittleEndian

// zip64 is the extra field for what does not fit 32 bits; empty when all fits.
// The compressed size in front of the data is 0, as torch writes it: it follows
// in the descriptor.
func (e *entry) zip64(compressed int64) []byte {
	var b []byte
	if e.size >= max32 {
		b = le.AppendUint64(b, uint64(e.size))
		b = le.AppendUint64(b, uint64(compressed))
	}
	if e.offset >= max32 {
		b = le.AppendUint64(b, uint64(e.offset))
	}
	if b == nil {
		return nil
	}
	head := le.AppendUint16(nil, extraZip64)
	return append(le.AppendUint16(head, uint16(len(b))), b...)
}

// local is the header in front of the data, padded so that the data is aligned.
func (e *entry) local() []byte {
	extra := e.zip64(0)
	start := e.offset + sizeLocal + int64(len(e.path)+len(extra)) + 4
	pad := (alignment - start%alignment) % alignment
	extra = le.AppendUint16(extra, extraPad)
	extra = le.AppendUint16(extra, uint16(pad))
	for range pad {
		extra = append(extra, 'Z')
	}
	b := le.AppendUint32(nil, sigLocal)
	b = le.AppendUint16(b, 0) // version needed
	b = le.AppendUint16(b, e.flags())
	b = append(b, make([]byte, 2+4+12)...) // method stored; no time; CRC and sizes follow the data
	b = le.AppendUint16(b, uint16(len(e.path)))
	b = le.AppendUint16(b, uint16(len(extra)))
	return append(append(b, e.path...), extra...)
}

// flags tell that a descriptor follows, which an empty record does without.
func (e *entry) flags() uint16 {
	if e.size == 0 {
		return flagUTF8
	}
	return flagDescriptor | flagUTF8
}

// descriptor stands behind the data.
func (e *entry) descriptor() []byte {
	if e.size == 0 {
		return nil
	}
	b := le.AppendUint32(nil, sigDescriptor)
	b = le.AppendUint32(b, e.crc)
	if e.size >= max32 || e.offset >= max32 {
		b = le.AppendUint64(b, uint64(e.size))
		return le.AppendUint64(b, uint64(e.size))
	}
	b = le.AppendUint32(b, uint32(e.size))
	return le.AppendUint32(b, uint32(e.size))
}

// directory is the central directory.
func (a *archive) directory() []byte {
	var b []byte
	for i := range a.entries {
		e := &a.entries[i]
		extra := e.zip64(e.size)
		b = le.AppendUint32(b, sigCentral)
		b = le.AppendUint32(b, 0) // versions made by and needed
		b = le.AppendUint16(b, e.flags())
		b = append(b, make([]byte, 2+4)...) // stored, no time
		b = le.AppendUint32(b, e.crc)
		b = le.AppendUint32(b, low32(e.size))
		b = le.AppendUint32(b, low32(e.size))
		b = le.AppendUint16(b, uint16(len(e.path)))
		b = le.AppendUint16(b, uint16(len(extra)))
		b = append(b, make([]byte, 2+2+2+4)...) // no comment, disk 0, no attributes
		b = le.AppendUint32(b, low32(e.offset))
		b = append(append(b, e.path...), extra...)
	}
	return b
}

// end is the directory with the three records that close the file.
func (a *archive) end(dir []byte) []byte {
	n, size := uint64(len(a.entries)), uint64(len(dir))
	b := le.AppendUint32(dir, sigEnd64)
	b = le.AppendUint64(b, sizeEnd64-12)
	b = le.AppendUint16(b, 0x031e) // made by: as miniz has it
	b = le.AppendUint16(b, 45)     // needed: zip64
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint64(b, n)
	b = le.AppendUint64(b, n)
	b = le.AppendUint64(b, size)
	b = le.AppendUint64(b, uint64(a.dir))

	b = le.AppendUint32(b, sigLocator64)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint64(b, uint64(a.dir)+size)
	b = le.AppendUint32(b, 1)

	b = le.AppendUint32(b, sigEnd)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, uint16(min(n, max16)))
	b = le.AppendUint16(b, uint16(min(n, max16)))
	b = le.AppendUint32(b, low32(int64(size)))
	b = le.AppendUint32(b, low32(a.dir))
	return le.AppendUint16(b, 0)
}

func low32(n int64) uint32 { return uint32(min(n, max32)) }
