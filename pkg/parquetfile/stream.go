package parquetfile

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// stream are the values of a column, through all row groups.
type stream struct {
	f      *File
	column *column
	group  int // that is read next
	reader parquet.ColumnChunkValueReader
	buffer [1024]parquet.Value
	at, n  int   // of buffer
	row    int64 // of the value that comes next
}

func (f *File) stream(c *column) *stream { return &stream{f: f, column: c} }

func (s *stream) close() {
	if s.reader != nil {
		s.reader.Close()
	}
}

// fill brings values into the buffer where it has none; after the last it is io.EOF.
func (s *stream) fill() error {
	for s.at == s.n {
		if s.reader == nil {
			groups := s.f.content.RowGroups()
			if s.group == len(groups) {
				return io.EOF
			}
			s.reader = parquet.NewColumnChunkValueReader(groups[s.group].ColumnChunks()[s.column.leaf.Index()])
			s.group++
		}
		var err error
		s.at = 0
		s.n, err = s.reader.ReadValues(s.buffer[:])
		switch {
		case errors.Is(err, io.EOF):
			s.reader.Close()
			s.reader = nil
		case err != nil:
			return s.f.damaged(err)
		}
	}
	return nil
}

// values are those that come next, some of them; there are such, by the file's own
// account. The caller moves at on.
func (s *stream) values() ([]parquet.Value, error) {
	err := s.fill()
	if errors.Is(err, io.EOF) {
		err = s.f.damaged(errEnded)
	}
	return s.buffer[s.at:s.n], err
}

var errEnded = errors.New("it ends before its last row")

// finite is a value as a number.
func (s *stream) finite(v *parquet.Value) (float32, error) {
	if v.IsNull() {
		return 0, s.missing()
	}
	x := s.column.number(*v)
	if x-x != 0 {
		return 0, s.f.bad("the column %q has %v in row %d; expected finite numbers that float32 can hold, replace it or leave the row out", s.column.name, x, s.row)
	}
	return x, nil
}

func (s *stream) missing() error {
	return s.f.bad("the column %q has no value in row %d; fill it in or leave the row out", s.column.name, s.row)
}

// numbers fills every step-th place of dst with a value each.
func (s *stream) numbers(dst []float32, step int) error {
	for i := 0; i < len(dst); {
		values, err := s.values()
		if err != nil {
			return err
		}
		for k := 0; k < len(values) && i < len(dst); k++ {
			if dst[i], err = s.finite(&values[k]); err != nil {
				return err
			}
			i += step
			s.at++
			s.row++
		}
	}
	return nil
}

// texts are all values of a column of texts, each once in memory.
func (s *stream) texts() ([]string, error) {
	list, seen := make([]string, 0, s.f.Rows()), map[string]string{}
	for len(list) < cap(list) {
		values, err := s.values()
		if err != nil {
			return nil, err
		}
		for k := 0; k < len(values) && len(list) < cap(list); k++ {
			if values[k].IsNull() {
				return nil, s.missing()
			}
			text, ok := seen[string(values[k].ByteArray())]
			if !ok {
				text = string(values[k].ByteArray())
				seen[text] = text
			}
			list = append(list, text)
			s.at++
			s.row++
		}
	}
	return list, nil
}

// fillColumn fills the column's places in rows of samples, each step numbers behind the last.
func (s *stream) fillColumn(dst []float32, step, rows int) error {
	if s.column.width == 0 {
		return s.numbers(dst, step)
	}
	return s.lists(dst, step, rows)
}

// lists puts rows lists into dst, each step numbers behind the last.
func (s *stream) lists(dst []float32, step, rows int) error {
	width := s.column.width
	row, place := 0, 0 // in dst, in the list
	for row < rows {
		values, err := s.values()
		if errors.Is(err, errEnded) && place > 0 {
			return s.uneven("fewer")
		}
		if err != nil {
			return err
		}
		for k := 0; k < len(values) && row < rows; k++ {
			v := &values[k]
			switch begins := v.RepetitionLevel() == 0; {
			case place == 0 && !begins:
				s.row--
				return s.uneven("more")
			case place > 0 && begins:
				return s.uneven("fewer")
			}
			if dst[row*step+place], err = s.finite(v); err != nil {
				return err
			}
			s.at++
			if place++; place == width {
				place = 0
				row++
				s.row++
			}
		}
	}
	return nil
}

// end holds that the last list is not longer.
func (s *stream) end() error {
	if s.column.width == 0 {
		return nil
	}
	switch err := s.fill(); {
	case err == nil:
		s.row--
		return s.uneven("more")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

func (s *stream) uneven(how string) error {
	return s.f.bad("the list %q of row %d has %s numbers than the first one, which has %d; all must have the same length", s.column.name, s.row, how, s.column.width)
}
