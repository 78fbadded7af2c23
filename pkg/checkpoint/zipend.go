package checkpoint

import "bytes"

// endOfZip is what the last records of the file say about the directory.
type endOfZip struct {
	dir, dirSize int64
	count        uint64
}

const maxDirectory = 128 << 20 // bytes; a million records

// findEnd reads the end records. They must be the last bytes of the file, without
// a comment, and the directory must lie right before them: torch.save writes
// nothing else, and it leaves no room for a second, hidden directory.
func (z *zipFile) findEnd() (endOfZip, error) {
	n := min(z.size, sizeEnd64+sizeLocator64+sizeEnd)
	tail, err := z.bytes(z.size-n, n)
	if err != nil {
		return endOfZip{}, err
	}
	if n < sizeEnd || le.Uint32(tail[n-sizeEnd:]) != sigEnd || le.Uint16(tail[n-2:]) != 0 {
		return endOfZip{}, z.explain()
	}
	last := tail[n-sizeEnd:]
	end := endOfZip{int64(le.Uint32(last[16:])), int64(le.Uint32(last[12:])), uint64(le.Uint16(last[10:]))}
	stop := z.size - sizeEnd
	tail = tail[:n-sizeEnd]
	if k := len(tail) - sizeLocator64; k >= 0 && le.Uint32(tail[k:]) == sigLocator64 {
		if stop, err = end.wide(tail, z.size); err != nil {
			return endOfZip{}, err
		}
	}
	if le.Uint32(last[4:]) != 0 || le.Uint16(last[8:]) != le.Uint16(last[10:]) {
		return endOfZip{}, badEnd("it is one part of several")
	}
	if end.dir < 0 || end.dirSize < 0 || end.dir > stop || end.dirSize != stop-end.dir {
		return endOfZip{}, badEnd("the directory does not lie where it says")
	}
	if end.dirSize > maxDirectory || end.count > uint64(end.dirSize/sizeCentral) {
		return endOfZip{}, badEnd("a directory of %d bytes cannot list %d records", end.dirSize, end.count)
	}
	return end, nil
}

func badEnd(format string, args ...any) *Error {
	e := bad(format, args...)
	e.Msg = "damaged zip end: " + e.Msg
	return e.hint(useAnother)
}

// wide replaces the 32-bit values by those of the zip64 records in tail, the bytes
// before the classic end, and returns where the directory must end.
func (end *endOfZip) wide(tail []byte, size int64) (int64, error) {
	if len(tail) < sizeEnd64+sizeLocator64 {
		return 0, badEnd("its 64-bit record is missing")
	}
	rec, loc := tail[:sizeEnd64], tail[sizeEnd64:]
	start := size - sizeEnd64 - sizeLocator64 - sizeEnd
	switch {
	case le.Uint32(rec) != sigEnd64 || le.Uint64(rec[4:]) != sizeEnd64-12 || le.Uint64(loc[8:]) != uint64(start):
		return 0, badEnd("its 64-bit record is not in its place")
	case le.Uint32(loc[4:]) != 0 || le.Uint32(loc[16:]) > 1 || le.Uint64(rec[16:]) != 0 || le.Uint64(rec[24:]) != le.Uint64(rec[32:]):
		return 0, badEnd("it is one part of several")
	}
	count, dirSize, dir := le.Uint64(rec[32:]), le.Uint64(rec[40:]), le.Uint64(rec[48:])
	if !agrees(end.count, count, max16) || !agrees(uint64(end.dirSize), dirSize, max32) || !agrees(uint64(end.dir), dir, max32) {
		return 0, badEnd("its two forms contradict one another")
	}
	end.count, end.dirSize, end.dir = count, int64(dirSize), int64(dir)
	return start, nil
}

// agrees compares a narrow field with the wide one; all ones mean "see there".
func agrees(narrow, wide, ones uint64) bool { return narrow == wide || narrow == ones }

// explain says what a file without a zip end is.
func (z *zipFile) explain() error {
	head, err := z.bytes(0, min(z.size, 512))
	if err != nil {
		return err
	}
	const convert = `convert it: python -c "import torch; torch.save(torch.load('%[1]s', map_location='cpu', `
	switch {
	case len(head) == 0:
		return bad("empty file, expected a torch checkpoint").hint(useAnother)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return bad("truncated: the directory at the end of the file is missing, it was cut or is still being written").hint(useAnother)
	case bytes.HasPrefix(head, []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")):
		return bad("in torch's format from before 1.6, which is not read").hint(convert + `weights_only=True), 'converted.pt')"`)
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return bad("in torch's old tar format, which is not read").
			hint("if you trust the file, " + convert + `weights_only=False), 'converted.pt')"`)
	case head[0] == 0x80:
		return bad("a plain Python pickle, expected a file written by torch.save")
	}
	return bad("not a torch checkpoint: it begins with %s, expected a zip file", quote(string(head[:min(len(head), 16)])))
}
