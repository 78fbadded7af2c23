package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/gotrainer/trainer/pkg/npy"
)

// source gives samples as float32, before normalisation. rows are positions in
// index, or row numbers where index is nil. Safe for concurrent use.
type source interface {
	Gather(dst []float32, rows []int, index []int64) error
}

// byteSource is a source whose samples are bytes; it gives them as they are stored.
type byteSource interface {
	GatherRaw(dst []byte, rows []int, index []int64) error
}

// aheadSource is a source that can be told what will be read.
type aheadSource interface{ WillNeed(from, to int64) }

var (
	_ aheadSource = (*npy.Array)(nil)
	_ aheadSource = (*shards)(nil)

	_ source     = (*npy.Array)(nil)
	_ source     = (*table)(nil)
	_ source     = (*shards)(nil)
	_ byteSource = (*npy.Array)(nil)
	_ byteSource = (*shards)(nil)
)

// table is a source in memory: samples of row values each.
type table struct {
	values []float32
	row    int
}

func (t *table) Gather(dst []float32, rows []int, index []int64) error {
	if len(dst) != len(rows)*t.row {
		return mistake("a buffer of %d numbers was given for %d rows of %d", len(dst), len(rows), t.row)
	}
	for k, r := range rows {
		if index != nil {
			if r < 0 || r >= len(index) {
				return mistake("row %d was asked for, there are %d", r, len(index))
			}
			r = int(index[r])
		}
		if r < 0 || r >= len(t.values)/t.row {
			return mistake("row %d was asked for, there are %d", r, len(t.values)/t.row)
		}
		copy(dst[k*t.row:(k+1)*t.row], t.values[r*t.row:(r+1)*t.row])
	}
	return nil
}

// unread stands for samples that Describe leaves where they are.
type unread struct{ path string }

func (u unread) Gather([]float32, []int, []int64) error {
	return mistake("%s was opened to be described, not to be read", u.path)
}

// labelSet is the labels of one source, in memory.
type labelSet struct {
	values  []float32
	row     int      // values per sample
	shape   []int64  // of one sample's label; empty for one number
	names   []string // of the values, where they have some
	spans   []Span   // the named parts of a label; nil where nothing has a name
	named   []string // names of the classes, where the source has them,
	at      int      // and which number of a label is theirs
	path    string
	classes int    // largest label + 1 where the labels number classes, else 0
	digest  string // fingerprint of the file
}

// part is one split that is given as such, or the whole that will be divided.
type part struct {
	name   string
	path   string // "" for generated data
	src    source
	n      int64
	shape  []int64 // of one sample
	dtype  string  // of the file's elements, as npy.Header has it
	digest string  // fingerprint of the file
	mapped bool    // it is read from the disk, batch by batch
	labels *labelSet

	columns []string // names of a table's columns, the label's left out; nil without
	spans   []Span   // the named parts of a sample; nil without
	dtypes  []string // theirs
	files   int      // that it is joined of; 0 = one
}

// parts is what a source opens.
type parts struct {
	list        []part
	shape       []int64 // of one sample
	divide      bool    // list is one part, to be divided
	dictionary  *Matrix
	classes     int // 0: what the labels say
	fingerprint string
	files       int
	arrays      []*npy.Array // to be closed
}

func (p *parts) close() error {
	var first error
	for _, a := range p.arrays {
		if err := a.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// generated is one part in memory, to be divided.
func generated(values []float32, shape []int64, labels *labelSet) *parts {
	row := 1
	for _, d := range shape {
		row *= int(d)
	}
	whole := part{name: "train", src: &table{values, row}, n: int64(len(values) / row), labels: labels}
	return &parts{list: []part{whole}, shape: shape, divide: true}
}

// fingerprintOf identifies generated data by its settings and by the beginning of
// what came out, so that a change of the generator shows as well.
func fingerprintOf(name string, a, b []float32, settings ...int64) string {
	hash := sha256.New()
	hash.Write([]byte(name))
	for _, v := range settings {
		hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
	}
	buffer := []byte{}
	for _, values := range [][]float32{a, b} {
		for _, v := range values[:min(len(values), 1<<16)] {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
	}
	hash.Write(buffer)
	return hex.EncodeToString(hash.Sum(nil))
}
