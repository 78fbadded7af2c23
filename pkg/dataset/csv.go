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
	limit          int64 // bytes that the numbers may take
	columns        int   // of a line, the label included
	label          int   // column of the label, -1 without
	names          []string
	values, labels []float32
	classes        []string          // of the samples, where the labels are names
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
	t := &csvTable{path: path, limit: s.Memory / 2, label: -1}
	if err := t.read(io.TeeReader(text, hash), s.LabelColumn); err != nil {
		return part{}, err
	}
	one := part{path: path, dtype: "f4", columns: t.names, digest: hex.EncodeToString(hash.Sum(nil)) + " " + s.LabelColumn}
	row := t.columns
	if t.label >= 0 {
		row--
	}
	switch {
	case t.classes != nil:
		one.labels = namedLabels(t.classes, s.LabelColumn, path)
	case t.label >= 0:
		one.labels = &labelSet{values: t.labels, row: 1, shape: []int64{}, names: []string{s.LabelColumn}, path: path, digest: s.LabelColumn}
		one.labels.classes = one.labels.countClasses()
	}
	one.src, one.n, one.shape = &table{t.values, row}, int64(len(t.values)/row), []int64{int64(row)}
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

func (t *csvTable) read(text io.Reader, label string) error {
	r := csv.NewReader(text)
	r.ReuseRecord, r.TrimLeadingSpace = true, true
	first, err := r.Read()
	if err == io.EOF {
		return mistake("%s: the file is empty; expected lines of numbers separated by commas", t.path)
	} else if err != nil {
		return t.wrong(err)
	}
	t.columns = len(first)
	header := slices.ContainsFunc(first, func(field string) bool { _, err := number(field); return err != nil })
	if header {
		t.names = make([]string, len(first))
		for i, name := range first {
			t.names[i] = strings.TrimSpace(name)
		}
	}
	if err := t.findLabel(label); err != nil {
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

// findLabel finds the column that data.label_column names, and leaves it out of names.
func (t *csvTable) findLabel(label string) error {
	if label == "" {
		return nil
	}
	if t.names == nil {
		return mistake("%s: the file has no header (its first line holds numbers only), so data.label_column %q cannot be found; give the columns names in the first line", t.path, label)
	}
	if t.label = slices.Index(t.names, label); t.label < 0 {
		return mistake("%s: no column is named %q (data.label_column); the header has %s", t.path, label, some(t.names))
	}
	if t.columns == 1 {
		return mistake("%s: the label is the only column; expected columns of numbers beside it", t.path)
	}
	t.names = slices.Delete(t.names, t.label, t.label+1)
	return nil
}

func (t *csvTable) add(r *csv.Reader, record []string) error {
	for i, field := range record {
		if i == t.label && t.addName(strings.TrimSpace(field)) {
			continue
		}
		v, err := number(field)
		if err != nil || v-v != 0 {
			line, column := r.FieldPos(i)
			expected := "a finite number"
			if i == t.label && t.classes != nil {
				expected = "the name of a class, as in the first line"
			}
			return mistake("%s:%d:%d: found %q in column %d, expected %s; correct it or leave the line out", t.path, line, column, cutText(field), i+1, expected)
		}
		if i == t.label {
			t.labels = append(t.labels, v)
		} else {
			t.values = append(t.values, v)
		}
	}
	if need := int64(len(t.values)) * 4; need > t.limit {
		return mistake("%s: the numbers need more than half of the memory; save them as .npy, which can be mapped", t.path)
	}
	return nil
}

// addName takes a label that is a name; the first label says whether they are.
func (t *csvTable) addName(field string) bool {
	if t.classes == nil {
		if _, err := number(field); err == nil || len(t.labels) > 0 {
			return false
		}
		t.seen = map[string]string{}
	}
	if field == "" {
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
		return mistake("%s:%d: the line has another number of fields than the first one, which has %d; every line must have the same", t.path, p.Line, t.columns)
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
