package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/gotrainer/trainer/pkg/npy"
)

// column is a column of numbers, or of lists of them.
type column struct {
	name   string
	leaf   *parquet.Column // where the values are; below the column for a list
	number func(v parquet.Value) float32
	width  int // of a list; 0 for numbers
}

// isIndex says whether pandas wrote the column for a table's index.
func isIndex(name string) bool { return strings.HasPrefix(name, "__index_level_") }

// choose finds the columns of the samples and the labels.
func (f *File) choose(o Options) (err error) {
	columns := slices.DeleteFunc(slices.Clone(f.content.Root().Columns()), func(c *parquet.Column) bool { return isIndex(c.Name()) })
	if columns, err = f.takeLabels(columns, o.Labels); err != nil {
		return err
	}
	if len(o.Groups) > 0 {
		return f.takeGroups(columns, o.Groups)
	}
	lists := slices.DeleteFunc(slices.Clone(columns), func(c *parquet.Column) bool { return f.listLeaf(c) == nil })
	if o.List != "" {
		lists = slices.DeleteFunc(lists, func(c *parquet.Column) bool { return c.Name() != o.List })
		if len(lists) != 1 {
			return f.bad("no column %q is a list of numbers (data.array); the file has %s", o.List, names(columns))
		}
	}
	switch len(lists) {
	case 0:
		return f.takeNumbers(columns)
	case 1:
		return f.takeList(lists[0])
	}
	return f.bad("the columns %s are lists of numbers; name that of the samples in data.array", names(lists))
}

// takeLabels finds the labels, and answers the columns that are left.
func (f *File) takeLabels(columns []*parquet.Column, labels []string) ([]*parquet.Column, error) {
	for at, name := range labels {
		i, err := f.find(columns, name, "data.label_column")
		if err != nil {
			return nil, err
		}
		var found *column
		if f.named < 0 && f.isText(columns[i]) {
			found, f.named = &column{name: name, leaf: columns[i]}, at
		} else if found, err = f.numberColumn(columns[i], "the column of labels "); err != nil {
			return nil, err
		}
		f.labels = append(f.labels, found)
		columns = slices.Delete(columns, i, i+1)
	}
	return columns, nil
}

// find is the place of the column that a key names.
func (f *File) find(columns []*parquet.Column, name, key string) (int, error) {
	i := slices.IndexFunc(columns, func(c *parquet.Column) bool { return c.Name() == name })
	if i < 0 {
		return 0, f.bad("no column is called %q (%s); the file has %s", name, key, names(columns))
	}
	return i, nil
}

// takeGroups makes a sample of the named columns.
func (f *File) takeGroups(columns []*parquet.Column, groups [][]string) error {
	for _, group := range groups {
		before := f.width
		for _, name := range group {
			i, err := f.find(columns, name, "data.arrays")
			if err != nil {
				return err
			}
			if f.listLeaf(columns[i]) != nil {
				err = f.takeList(columns[i])
			} else {
				err = f.takeNumber(columns[i])
			}
			if err != nil {
				return err
			}
			columns = slices.Delete(columns, i, i+1)
		}
		f.widths = append(f.widths, f.width-before)
	}
	return nil
}

func (f *File) takeNumber(c *parquet.Column) error {
	found, err := f.numberColumn(c, "the column ")
	if err != nil {
		return err
	}
	f.samples = append(f.samples, found)
	f.width++
	return nil
}

// isText says whether a column holds texts.
func (f *File) isText(c *parquet.Column) bool {
	if !c.Leaf() || c.Repeated() || c.Type().Kind() != parquet.ByteArray {
		return false
	}
	switch f.logicalType(c).(type) {
	case nil, *format.StringType, *format.EnumType:
		return true
	}
	return false
}

// takeNumbers makes a sample of every column.
func (f *File) takeNumbers(columns []*parquet.Column) error {
	if len(columns) == 0 {
		return f.bad("the file has no columns besides the labels; expected columns of numbers, or a list of them")
	}
	for _, c := range columns {
		if err := f.takeNumber(c); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) numberColumn(c *parquet.Column, what string) (*column, error) {
	if !c.Leaf() || c.Repeated() || f.numberOf(c) == nil {
		return nil, f.bad("%s%q is %s; expected numbers, leave it out when the file is written or give it as numbers", what, c.Name(), f.typeName(c))
	}
	return &column{name: c.Name(), leaf: c, number: f.numberOf(c)}, nil
}

// takeList takes a list into the sample, as long as the first one.
func (f *File) takeList(c *parquet.Column) error {
	leaf := f.listLeaf(c)
	list := &column{name: c.Name(), leaf: leaf, number: f.numberOf(leaf)}
	s := f.stream(list)
	defer s.close()
	for {
		err := s.fill()
		switch {
		case errors.Is(err, io.EOF) || err == nil && list.width > 0 && s.buffer[s.at].RepetitionLevel() == 0:
			f.samples, f.width = append(f.samples, list), f.width+list.width
			return nil
		case err != nil:
			return err
		case s.buffer[s.at].IsNull():
			return s.missing()
		}
		list.width++
		s.at++
	}
}

// listLeaf is where the numbers of a list are; nil for what is no list of numbers.
func (f *File) listLeaf(c *parquet.Column) *parquet.Column {
	for !c.Leaf() {
		below := c.Columns()
		if len(below) != 1 {
			return nil
		}
		c = below[0]
	}
	if c.MaxRepetitionLevel() != 1 || f.numberOf(c) == nil {
		return nil
	}
	return c
}

// numberOf is how a value of the column is a number; nil where it is none.
func (f *File) numberOf(c *parquet.Column) func(v parquet.Value) float32 {
	signed, half := true, false
	if l := f.logicalType(c); l != nil {
		switch t := l.(type) {
		case *format.IntType:
			signed = t.IsSigned
		case *format.Float16Type:
			half = true
		default: // decimals, dates and times are kept in integers
			return nil
		}
	}
	switch c.Type().Kind() {
	case parquet.Boolean:
		return func(v parquet.Value) float32 {
			if v.Boolean() {
				return 1
			}
			return 0
		}
	case parquet.Float:
		return parquet.Value.Float
	case parquet.Double:
		return func(v parquet.Value) float32 { return float32(v.Double()) }
	case parquet.Int32:
		if !signed {
			return func(v parquet.Value) float32 { return float32(v.Uint32()) }
		}
		return func(v parquet.Value) float32 { return float32(v.Int32()) }
	case parquet.Int64:
		if !signed {
			return func(v parquet.Value) float32 { return float32(v.Uint64()) }
		}
		return func(v parquet.Value) float32 { return float32(v.Int64()) }
	case parquet.FixedLenByteArray:
		if half && c.Type().Length() == 2 {
			return func(v parquet.Value) float32 { return npy.Float16To32(binary.LittleEndian.Uint16(v.ByteArray())) }
		}
	}
	return nil
}

// logicalType is what the file says of a leaf besides its storage; the library's own type
// leaves out that of float16.
func (f *File) logicalType(c *parquet.Column) any {
	leaf := -1
	for _, e := range f.content.Metadata().Schema {
		if n, ok := e.NumChildren.Get(); ok && n > 0 {
			continue
		}
		if leaf++; leaf == c.Index() {
			if e.LogicalType.Value == nil {
				return nil
			}
			return e.LogicalType.Value
		}
	}
	return nil
}

// typeName is what a column holds, for messages.
func (f *File) typeName(c *parquet.Column) string {
	switch {
	case !c.Leaf() || c.Repeated():
		return "a list or a group"
	case f.logicalType(c) != nil:
		return strings.ToLower(fmt.Sprint(f.logicalType(c)))
	}
	return strings.ToLower(c.Type().Kind().String())
}

func names(columns []*parquet.Column) string {
	var list []string
	for _, c := range columns[:min(len(columns), 10)] {
		list = append(list, c.Name())
	}
	if len(columns) > 10 {
		list = append(list, "...")
	}
	return strings.Join(list, ", ")
}
