package checkpoint

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Read reads the value in a file that torch.save or Write made, size bytes long.
// All records are checked against their CRC, also those that the value does not
// use. Strided and shared tensors come out contiguous. The data of tensors are in
// memory once. Errors about the content
// are *Error; they name no path.
func Read(r io.ReaderAt, size int64) (any, error) {
	z, pickle, err := openPickle(r, size)
	if err != nil {
		return nil, err
	}
	st := z.storages()
	v, err := decode(pickle, st)
	if err != nil {
		return nil, err
	}
	if v, err = finish(v, len(pickle)); err != nil {
		return nil, err
	}
	if err := st.fill(); err != nil {
		return nil, err
	}
	return v, z.verifyRest(st)
}

// openPickle opens the archive and reads the record that describes the value.
func openPickle(r io.ReaderAt, size int64) (*zipFile, []byte, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, nil, err
	}
	if err := z.checkKind(); err != nil {
		return nil, nil, err
	}
	p, err := z.find(recPickle)
	if err != nil {
		return nil, nil, err
	}
	if p.size > maxPickle {
		return nil, nil, bad("its pickle has %d bytes, at most %d are read", p.size, maxPickle)
	}
	pickle, err := z.read(p)
	return z, pickle, err
}

// ReadFile is Read of the file at path. Its errors name the path; a missing file
// or anything that is not a readable checkpoint is an *Error.
func ReadFile(path string) (any, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, openError(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Path: path, Msg: "not a regular file, expected a checkpoint (.pt)"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, openError(path, err)
	}
	v, err := Read(f, info.Size())
	if err != nil {
		return nil, atPath(path, err)
	}
	return v, nil
}

func openError(path string, err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err
	}
	return &Error{Path: path, Msg: err.Error(), Err: err}
}

// checkKind reads the records that say what the file is.
func (z *zipFile) checkKind() error {
	if z.byName["constants.pkl"] != nil {
		return bad("a TorchScript archive, expected a checkpoint").hint("save model.state_dict() instead")
	}
	v, ok := z.byName[recVersion]
	if !ok {
		v, ok = z.byName[recVersion2]
	}
	if !ok {
		return bad("not a torch checkpoint: it has no record %s", quote(recVersion))
	}
	text, err := z.small(v)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err != nil || n < 1 || n > 10 {
		return bad("version %s of torch's file format, expected 1 to 10", quote(text))
	}
	order, ok := z.byName[recByteOrder]
	if !ok {
		return nil
	}
	if text, err = z.small(order); err != nil {
		return err
	}
	if text != "little" {
		return bad("its byte order is %s, expected little", quote(text)).
			hint("load and save it with torch on a little-endian machine")
	}
	return nil
}

// storages gives the pickle machine its tensor data. Copies of strided tensors
// may take eight times the file and a little more: a transposed tensor takes its
// own size, a repeated one much more.
func (z *zipFile) storages() *storages {
	return &storages{
		byKey: make(map[string]*storage),
		room:  8*min(z.size, 1<<50) + 1<<20,
		check: func(key string, size int64) error {
			s, err := z.find(recData + key)
			if err != nil {
				return bad("damaged: the data of tensor storage %s is missing", key).hint(useAnother)
			}
			if s.size != size {
				return bad("damaged: tensor storage %s has %d bytes, expected %d", key, s.size, size).hint(useAnother)
			}
			return nil
		},
		read: func(key string) ([]byte, error) {
			s, err := z.find(recData + key)
			if err != nil {
				return nil, err
			}
			return z.read(s)
		},
	}
}

// verifyRest checks the records that were not read.
func (z *zipFile) verifyRest(st *storages) error {
	for i := range z.records {
		s := &z.records[i]
		if key, ok := strings.CutPrefix(s.name, recData); ok && st.byKey[key] != nil {
			continue
		}
		if err := z.verify(s); err != nil {
			return fmt.Errorf("check record %s: %w", s.name, err)
		}
	}
	return nil
}
