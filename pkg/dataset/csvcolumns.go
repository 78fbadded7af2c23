package dataset

import "slices"

// place finds the columns that data.label_column and data.arrays name; without arrays a
// sample is every column but the labels.
func (t *csvTable) place(columns int, s Spec) error {
	t.sample, t.label = make([]int, columns), make([]int, columns)
	for i := range columns {
		t.sample[i], t.label[i] = -1, -1
	}
	for k, name := range s.LabelColumns {
		i, err := t.find(name, "data.label_column")
		if err != nil {
			return err
		}
		t.label[i] = k
	}
	t.y = make([]float32, len(s.LabelColumns))
	width := 0
	take := func(i int) {
		t.sample[i] = width
		width++
	}
	for _, a := range s.Arrays {
		for _, name := range a.columns() {
			i, err := t.find(name, "data.arrays")
			if err != nil {
				return err
			}
			take(i)
		}
	}
	for i := 0; i < columns && len(s.Arrays) == 0; i++ {
		if t.label[i] < 0 {
			take(i)
		}
	}
	if width == 0 {
		return mistake("%s: the label is the only column; expected columns of numbers beside it", t.path)
	}
	t.x = make([]float32, width)
	return nil
}

// find is the place of the column that a key names.
func (t *csvTable) find(name, key string) (int, error) {
	if t.names == nil {
		return 0, mistake("%s: the file has no header (its first line holds numbers only), so the column %q of %s cannot be found; give the columns names in the first line", t.path, name, key)
	}
	i := slices.Index(t.names, name)
	if i < 0 {
		return 0, mistake("%s: no column is named %q (%s); the header has %s", t.path, name, key, some(t.names))
	}
	return i, nil
}

// samples are the names of the columns of a sample.
func (t *csvTable) samples() (names []string) {
	for i, name := range t.names {
		if t.sample[i] >= 0 {
			names = append(names, name)
		}
	}
	return names
}
