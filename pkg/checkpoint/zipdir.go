package checkpoint

import (
	"strings"
	"unicode/utf8"
)

// parse reads the central directory, exactly count records in exactly dir.
func (z *zipFile) parse(dir []byte, count uint64) error {
	z.records = make([]stored, 0, count)
	for range count {
		s, n, err := parseCentral(dir)
		if err != nil {
			return err
		}
		z.records = append(z.records, s)
		dir = dir[n:]
	}
	if len(dir) != 0 {
		return badDir("%d bytes follow its last record", len(dir))
	}
	return nil
}

func badDir(format string, args ...any) *Error {
	e := bad(format, args...)
	e.Msg = "damaged zip directory: " + e.Msg
	return e.hint(useAnother)
}

// parseCentral reads one record of the directory and gives its length there.
func parseCentral(b []byte) (stored, int, error) {
	if len(b) < sizeCentral || le.Uint32(b) != sigCentral {
		return stored{}, 0, badDir("a record is not where it should be")
	}
	nName, nExtra, nComment := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	n := sizeCentral + nName + nExtra + nComment
	if n > len(b) {
		return stored{}, 0, badDir("a record is longer than the directory")
	}
	name := string(b[sizeCentral : sizeCentral+nName])
	flags, method := le.Uint16(b[8:]), le.Uint16(b[10:])
	if err := checkStored(name, flags, method); err != nil {
		return stored{}, 0, err
	}
	compressed, size, offset := uint64(le.Uint32(b[20:])), uint64(le.Uint32(b[24:])), uint64(le.Uint32(b[42:]))
	extra := b[sizeCentral+nName : sizeCentral+nName+nExtra]
	if err := widen(extra, &size, &compressed, &offset); err != nil {
		return stored{}, 0, err
	}
	if le.Uint16(b[34:]) != 0 {
		return stored{}, 0, badDir("record %s lies in another file", quote(name))
	}
	if size != compressed || size > 1<<62 || offset > 1<<62 {
		return stored{}, 0, badDir("record %s has the impossible size %d and stored size %d", quote(name), size, compressed)
	}
	return stored{name: name, size: int64(size), offset: int64(offset), crc: le.Uint32(b[16:])}, n, nil
}

func checkStored(name string, flags, method uint16) error {
	if flags&(flagEncrypted|flagPatch|flagStrong|flagMasked) != 0 {
		return bad("record %s is encrypted or patched, expected it stored as torch.save does", quote(name))
	}
	if method != 0 {
		return bad("record %s is compressed (method %d), expected it stored as torch.save does", quote(name), method).
			hint("load and save the file with torch")
	}
	return nil
}

// widen replaces fields of all ones by the 64-bit values of the zip64 extra field,
// which holds them in this order.
func widen(extra []byte, fields ...*uint64) error {
	wide, err := findExtra(extra, extraZip64)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if *f != max32 {
			continue
		}
		if len(wide) < 8 {
			return badDir("a 64-bit size is missing")
		}
		*f = le.Uint64(wide)
		wide = wide[8:]
	}
	return nil
}

// findExtra gives the content of the extra field id, nil if it is not there.
func findExtra(extra []byte, id uint16) ([]byte, error) {
	var found []byte
	for len(extra) >= 4 {
		n := int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			break
		}
		if le.Uint16(extra) == id {
			if found != nil {
				return nil, badDir("an extra field stands there twice")
			}
			found = extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	if len(extra) != 0 {
		return nil, badDir("an extra field is longer than its place")
	}
	return found, nil
}

// index takes the top folder off the names and finds each record by the rest.
func (z *zipFile) index() error {
	if len(z.records) == 0 {
		return bad("an empty zip file, expected a torch checkpoint")
	}
	top, _, ok := strings.Cut(z.records[0].name, "/")
	if !ok || !plainName(top) {
		return bad("not a torch checkpoint: its record %s is not in a folder", quote(z.records[0].name))
	}
	z.top = top
	z.byName = make(map[string]*stored, len(z.records))
	for i := range z.records {
		s := &z.records[i]
		name, ok := strings.CutPrefix(s.name, top+"/")
		if !ok || !plainPath(name) {
			return bad("not a torch checkpoint: the name of its record %s does not belong below %s/", quote(s.name), top)
		}
		if _, twice := z.byName[name]; twice {
			return bad("damaged: record %s is there twice", quote(s.name)).hint(useAnother)
		}
		s.name = name
		z.byName[name] = s
	}
	return nil
}

func plainName(s string) bool {
	return s != "" && s != "." && s != ".." && utf8.ValidString(s) && !strings.ContainsAny(s, "\\\x00")
}

func plainPath(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if !plainName(part) {
			return false
		}
	}
	return true
}

// checkLocal compares the header in front of the data with the directory, finds
// where the data begins and, where the sizes follow the data, compares those too.
func (z *zipFile) checkLocal(s *stored) error {
	h, err := z.bytes(s.offset, sizeLocal)
	if err != nil {
		return err
	}
	if le.Uint32(h) != sigLocal {
		return badDir("record %s is not where it says", quote(s.name))
	}
	nName, nExtra := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:]))
	rest, err := z.bytes(s.offset+sizeLocal, nName+nExtra)
	if err != nil {
		return err
	}
	name, extra := string(rest[:nName]), rest[nName:]
	if name != z.top+"/"+s.name {
		return badDir("record %s is called %s in front of its data", quote(s.name), quote(name))
	}
	flags := le.Uint16(h[6:])
	if err := checkStored(s.name, flags, le.Uint16(h[8:])); err != nil {
		return err
	}
	s.data = s.offset + sizeLocal + nName + nExtra
	if s.data > z.size || s.size > z.size-s.data {
		return bad("damaged: record %s claims %d bytes, the file has %d", quote(s.name), s.size, z.size).hint(useAnother)
	}
	crc, compressed, size := le.Uint32(h[14:]), uint64(le.Uint32(h[18:])), uint64(le.Uint32(h[22:]))
	if flags&flagDescriptor != 0 && crc == 0 && size == 0 && compressed == 0 {
		return z.checkDescriptor(s, extra)
	}
	if err := widen(extra, &size, &compressed); err != nil {
		return err
	}
	return s.same(crc, size, compressed)
}

// checkDescriptor reads the 32-bit or, after a zip64 field, 64-bit descriptor.
func (z *zipFile) checkDescriptor(s *stored, extra []byte) error {
	wide, err := findExtra(extra, extraZip64)
	if err != nil {
		return err
	}
	width := int64(4)
	if wide != nil {
		width = 8
	}
	d, err := z.bytes(s.data+s.size, 8+2*width)
	if err != nil {
		return err
	}
	if le.Uint32(d) != sigDescriptor {
		return badDir("nothing closes record %s after %d bytes", quote(s.name), s.size)
	}
	if wide == nil {
		return s.same(le.Uint32(d[4:]), uint64(le.Uint32(d[12:])), uint64(le.Uint32(d[8:])))
	}
	return s.same(le.Uint32(d[4:]), le.Uint64(d[16:]), le.Uint64(d[8:]))
}

// same compares the values at the data with those of the directory.
func (s *stored) same(crc uint32, size, compressed uint64) error {
	if size != uint64(s.size) || compressed != uint64(s.size) {
		return badDir("record %s has %d bytes there and %d at its data", quote(s.name), s.size, size)
	}
	if crc != s.crc && crc != 0 {
		return badDir("record %s has the CRC %08x there and %08x at its data", quote(s.name), s.crc, crc)
	}
	return nil
}
