package checkpoint

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write writes root as torch.save would, with all records below folder. The data
// of tensors is streamed, never held a second time. Errors that are not w's name
// the key that holds what cannot be written.
func Write(w io.Writer, folder string, root any) error {
	a, err := assemble(folder, root)
	if err != nil {
		return err
	}
	return a.stream(w)
}

// assemble plans the file: the pickle, then the data of each tensor.
func assemble(folder string, root any) (*archive, error) {
	if folder == "" || len(folder) > max16/2 || strings.Contains(folder, "/") || !utf8.ValidString(folder) {
		return nil, internal("%q cannot be the folder of an archive", folder)
	}
	pickle, tensors, err := encode(root)
	if err != nil {
		return nil, err
	}
	records := []record{
		bytesRecord(recPickle, pickle),
		bytesRecord(recFormat, []byte("1")),
		bytesRecord(recAlignment, []byte(strconv.Itoa(alignment))),
		bytesRecord(recByteOrder, []byte("little")),
	}
	for i, t := range tensors {
		records = append(records, bytesRecord(recData+strconv.Itoa(i), t.Data))
	}
	records = append(records, bytesRecord(recVersion, []byte("3\n")))
	return layOut(folder, records), nil
}

// stream writes through a small buffer: headers are joined, tensors pass it by.
func (a *archive) stream(w io.Writer) error {
	b := bufio.NewWriter(w)
	if err := a.writeTo(b); err != nil {
		return err
	}
	return b.Flush()
}

// folderOf is the top folder for a file: its name up to the last dot, or "archive".
func folderOf(base string) string {
	if i := strings.LastIndexByte(base, '.'); i >= 0 {
		base = base[:i]
	}
	if base == "" || !utf8.ValidString(base) {
		return "archive"
	}
	return base
}
