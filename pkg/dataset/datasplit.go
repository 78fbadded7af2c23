package dataset

// Split is one part of the data: train, val or test. Its methods are safe for
// concurrent use.
type Split struct {
	part  part
	name  string
	index []int64 // rows of the part; nil = all of them
	dim   int
	data  *Data
}

func newSplit(d *Data, name string, p part, index []int64) *Split {
	dim := 1
	for _, v := range d.Shape {
		dim *= int(v)
	}
	return &Split{part: p, name: name, index: index, dim: dim, data: d}
}

// Name is train, val or test.
func (s *Split) Name() string { return s.name }

// Len is the number of samples.
func (s *Split) Len() int {
	if s.index != nil {
		return len(s.index)
	}
	return int(s.part.n)
}

// Indices are the samples' row numbers in their file, in the order of the split:
// ascending, as in the file.
func (s *Split) Indices() []int64 {
	if s.index != nil {
		return append([]int64(nil), s.index...)
	}
	rows := make([]int64, s.part.n)
	for i := range rows {
		rows[i] = int64(i)
	}
	return rows
}

// Read copies samples into dst, flattened one after another, scaled and
// normalised. rows are positions in the split; len(dst) must be len(rows) times
// the product of Data.Shape. After an error dst is undefined.
func (s *Split) Read(dst []float32, rows []int) error {
	if err := s.part.src.Gather(dst, rows, s.index); err != nil {
		return err
	}
	s.normalise(dst)
	return s.checkIndices(dst, rows)
}

// normalise does so with whole samples, in place.
func (s *Split) normalise(x []float32) {
	if s.data.Stats.Kind == "unit_norm" {
		toUnitLength(x, s.dim)
	} else {
		s.data.Stats.apply(x)
	}
}

// Affine answers what ReadBytes' samples become: a byte v stands for
// (v/255 - shift)/scale, each operation rounded to float32, where shift and scale are
// empty, one number, or one per dimension. ok is false where the samples are not bytes at
// their source, their normalisation is another, or a model reads indices in them.
func (s *Split) Affine() (shift, scale []float32, ok bool) {
	if _, stored := s.part.src.(byteSource); !stored || s.part.dtype != "u1" || len(s.data.expected) > 0 {
		return nil, nil, false
	}
	switch st := &s.data.Stats; st.Kind {
	case "none":
		return nil, nil, true
	case "minmax":
		return []float32{st.Min}, []float32{st.Max - st.Min}, st.Max != st.Min
	case "standard":
		return st.Mean, st.Std, true
	case "mean_center":
		return st.Mean, nil, true
	}
	return nil, nil, false
}

// ReadBytes copies samples as Read does, but as they are stored; see Affine.
func (s *Split) ReadBytes(dst []byte, rows []int) error {
	stored, ok := s.part.src.(byteSource)
	if !ok {
		return mistake("the samples are not stored as bytes")
	}
	return stored.GatherRaw(dst, rows, s.index)
}

// WillNeed asks the system to read samples of a mapped file ahead, positions from and to
// excluded. It does not wait.
func (s *Split) WillNeed(from, to int) {
	a, ok := s.part.src.(aheadSource)
	if !ok || from >= to {
		return
	}
	first, last := int64(from), int64(to-1)
	if s.index != nil { // ascending: rows of other splits between them come too
		first, last = s.index[first], s.index[last]
	}
	a.WillNeed(first, last+1)
}

// ReadLabels copies the samples' labels into dst, which has len(rows) times the
// product of Data.LabelShape values. Without labels it is an error.
func (s *Split) ReadLabels(dst []float32, rows []int) error {
	if s.part.labels == nil {
		return mistake("the data have no labels; set data.labels")
	}
	labels := table{values: s.part.labels.values, row: s.part.labels.row}
	return labels.Gather(dst, rows, s.index)
}
