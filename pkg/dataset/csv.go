package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// csvTable is what has been read of a CSV file.
type csvTable struct {
	path           string
	limit          int64     // bytes that the numbers may take
	names          []string  // of the columns; nil without a header
	sample, label  []int     // of each column, its place in a sample or a label; -1 in neither
	x, y           []float32 // a line's
	values, labels []float32
	classes        []string          // of the samples, where labels are names,
	namedAt        int               // and which number of a label is theirs
	seen           map[string]string // the names, each once in memory
}

// readCSV reads a CSV file, gzip or not, whole into memory: a line is a sample, a column
// a number. The first line is a header if one of its fields is no number.
func readCSV(s Spec, path string) (part, error) {
	file, err := os.Open(path)
	if err != nil {
		return part{}, mistake("%s: %v", path, reason(err))
	}
	defer file.Close()
	text, err := plainText(file)
	if err != nil {
		return part{}, mistake("%s: not a CSV file: %v", path, reason(err))
	}
	hash := sha256.New()
	t := &csvTable{path: path, limit: s.Memory / 2}
	if err := t.read(io.TeeReader(text, hash), s); err != nil {
		return part{}, err
	}
	row := len(t.x)
	one := part{path: path, dtype: "f4", shape: []int64{int64(row)}, digest: hex.EncodeToString(hash.Sum(nil)) + " " + s.chosen()}
	for _, a := range s.Arrays {
		one.addSpan(a.Name, []int64{int64(len(a.columns()))}, "f4")
	}
	if len(s.Arrays) == 0 {
		one.columns = t.samples()
	}
	if len(t.y) > 0 {
		one.labels = numberedLabels(t.labels, s.LabelColumns, path)
	}
	if t.classes != nil {
		one.labels.name(t.classes, t.namedAt)
	}
	one.src, one.n = &table{t.values, row}, int64(len(t.values)/row)
	return one, nil
}

// plainText unpacks gzip and skips the mark that some programs write before UTF-8.
func plainText(file io.Reader) (io.Reader, error) {
	content := bufio.NewReader(file)
	if first, _ := content.Peek(2); bytes.Equal(first, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(content)
		if err != nil {
			return nil, err
		}
		content = bufio.NewReader(z)
	}
	if first, _ := content.Peek(3); string(first) == "\ufeff" {
		content.Discard(3)
	}
	return content, nil
}

func (t *csvTable) read(text io.Reader, s Spec) error {
	r := csv.NewReader(text)
	r.ReuseRecord, r.TrimLeadingSpace = true, true
	first, err := r.Read()
	if err == io.EOF {
		return mistake("%s: the file is empty; expected lines of numbers separated by commas", t.path)
	} else if err != nil {
		return t.wrong(err)
	}
	header := slices.ContainsFunc(first, func(field string) bool { _, err := number(field); return err != nil })
	if header {
		t.names = make([]string, len(first))
		for i, name := range first {
			t.names[i] = strings.TrimSpace(name)
		}
	}
	if err := t.place(len(first), s); err != nil {
		return err
	}
	for record := first; ; {
		if !header {
			if err := t.add(r, record); err != nil {
				return err
			}
		}
		header = false
		if record, err = r.Read(); err == io.EOF {
			break
		} else if err != nil {
			return t.wrong(err)
		}
	}
	if len(t.values) == 0 {
		return mistake("%s: the file has a header and no samples", t.path)
	}
	return nil
}

func (t *csvTable) add(r *csv.Reader, record []string) error {
	for i, field := range record {
		isLabel := t.label[i] >= 0
		if !isLabel && t.sample[i] < 0 || isLabel && t.addName(strings.TrimSpace(field), t.label[i]) {
			continue
		}
		v, err := number(field)
		if err != nil || v-v != 0 {
			line, column := r.FieldPos(i)
			expected := "a finite number"
			switch {
			case isLabel && t.classes != nil && t.label[i] == t.namedAt:
				expected = "the name of a class, as in the first line"
			case isLabel && t.classes != nil:
				expected += " (one column of labels may hold names)"
			}
			return mistake("%s:%d:%d: found %q in column %d, expected %s; correct it or leave the line out", t.path, line, column, cutText(field), i+1, expected)
		}
		if isLabel {
			t.y[t.label[i]] = v
		} else {
			t.x[t.sample[i]] = v
		}
	}
	t.values = append(t.values, t.x...)
	t.labels = append(t.labels, t.y...)
	if need := int64(len(t.values)) * 4; need > t.limit {
		return mistake("%s: the numbers need more than half of the memory; save them as .npy, which can be mapped", t.path)
	}
	return nil
}

// addName takes a label that is a name; the first line says whether they are, in one of the
// columns of labels.
func (t *csvTable) addName(field string, at int) bool {
	if t.classes == nil {
		if _, err := number(field); err == nil || len(t.labels) > 0 {
			return false
		}
		t.seen, t.namedAt = map[string]string{}, at
	}
	if field == "" || at != t.namedAt {
		return false
	}
	name, ok := t.seen[field]
	if !ok {
		name = strings.Clone(field) // the line that it is in is not kept
		t.seen[name] = name
	}
	t.classes = append(t.classes, name)
	return true
}

// number is a field as float32; what is too large for it comes out infinite.
func number(field string) (float32, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return float32(v), err
}

// wrong says in one sentence what the CSV reader stumbled over.
func (t *csvTable) wrong(err error) error {
	var p *csv.ParseError
	switch {
	case errors.As(err, &p) && errors.Is(p.Err, csv.ErrFieldCount):
		return mistake("%s:%d: the line has another number of fields than the first one, which has %d; every line must have the same", t.path, p.Line, len(t.sample))
	case errors.As(err, &p):
		return mistake("%s:%d:%d: not CSV: %v", t.path, p.Line, p.Column, p.Err)
	}
	return mistake("%s: cannot be read to its end: %v", t.path, reason(err))
}

// cutText keeps a message on one line of bearable length.
func cutText(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}
