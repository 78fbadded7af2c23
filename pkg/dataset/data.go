package dataset

import "slices"

// Data is an open data set. Close it when no Read is running any more.
type Data struct {
	Train, Val, Test *Split   // Val and Test are nil when there are none
	Shape            []int64  // of one sample
	Arrays           []Span   // the named parts of a sample, in order; nil without
	LabelShape       []int64  // of one sample's label; empty for one number, nil without labels
	Labels           []Span   // the named parts of a label; nil where nothing has a name
	LabelNames       []string // of the label's values, where they are known
	LabelClasses     []int    // of each value of a label, the classes that it numbers; 0 where it does not
	ClassNames       []string // of the classes, where the source has names for them
	Classes          int      // classes that the labels number (largest + 1), 0 when they do not
	Dictionary       *Matrix  // synthetic_sparse: the true atoms [atoms, dim]; else nil
	Stats            Stats    // the normalisation in use
	Files            int      // that the samples are in; 0 for generated data
	Fingerprint      string   // identifies the data's content, not its place: SHA-256 in hexadecimal

	spec     Spec
	parts    *parts
	expected []Index
}

// Describe opens the data without their samples, as far as their format has sizes at the
// beginning: sizes, shapes and labels are those of Open, Stats and Fingerprint are empty,
// and reading is an error. What is wrong with samples is not found.
func Describe(spec Spec) (*Data, error) {
	spec.describe = true
	return Open(spec)
}

// Open opens the data that spec names. All that is wrong with the user's files or
// settings is an error with UserError() true.
func Open(spec Spec) (*Data, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return nil, err
	}
	p, err := openSource(spec)
	if err != nil {
		return nil, err
	}
	d, err := assemble(spec, p)
	if err != nil {
		p.close()
		return nil, err
	}
	return d, nil
}

func openSource(s Spec) (*parts, error) {
	switch s.Source {
	case "shapes":
		return openShapes(s)
	case "synthetic_sparse":
		return openSparse(s)
	case "embeddings":
		return openEmbeddings(s)
	}
	return openFiles(s) // npy, idx
}

// assemble makes the splits and the normalisation.
func assemble(s Spec, p *parts) (*Data, error) {
	d := &Data{Shape: slices.Clone(p.shape), Dictionary: p.dictionary, Files: p.files, Fingerprint: p.fingerprint, spec: s, parts: p}
	splits := []**Split{&d.Train, &d.Val, &d.Test}
	if p.divide {
		whole := p.list[0]
		divided, err := s.divide(whole, p.classes)
		if err != nil {
			return nil, err
		}
		for i, rows := range divided {
			if len(rows) > 0 {
				*splits[i] = newSplit(d, splitNames[i], whole, rows)
			}
		}
		if d.Train == nil {
			return nil, mistake("data.split: %s leaves no train samples of %d; give train a larger share", s.Split, whole.n)
		}
	} else {
		for _, one := range p.list {
			*splits[slices.Index(splitNames[:], one.name)] = newSplit(d, one.name, one, nil)
		}
	}
	d.Arrays = d.parts.list[0].spans
	d.takeLabels()
	if s.describe {
		d.Fingerprint = ""
		return d, nil
	}
	if s.Stats != nil {
		d.Stats = *s.Stats
		if d.Stats.Kind == "" {
			d.Stats.Kind = "none"
		}
		return d, d.Stats.fits(d.Train.dim)
	}
	var err error
	d.Stats, err = measure(s.Normalize, d.Train.part, d.Train.index, d.Train.dim, s.rawOf(d.Arrays))
	return d, err
}

// takeLabels sets what the labels of all splits say together.
func (d *Data) takeLabels() {
	first := d.parts.list[0].labels
	if first == nil {
		return
	}
	d.LabelShape, d.LabelNames, d.ClassNames = slices.Clone(first.shape), slices.Clone(first.names), slices.Clone(first.named)
	d.Labels, d.LabelClasses = first.spans, d.classesOfLabels()
	if d.LabelShape == nil {
		d.LabelShape = []int64{}
	}
	d.Classes = d.parts.classes
	for _, one := range d.parts.list {
		if one.labels.classes == 0 {
			return
		}
	}
	for _, one := range d.parts.list {
		d.Classes = max(d.Classes, one.labels.classes)
	}
}

// classesOfLabels are those that the labels of all splits say together.
func (d *Data) classesOfLabels() []int {
	classes := d.parts.list[0].labels.classesOf()
	classes[0] = max(classes[0], d.parts.classes)
	first := d.parts.list[0].labels
	classes[first.at] = max(classes[first.at], len(first.named))
	for _, one := range d.parts.list[1:] {
		for i, c := range one.labels.classesOf() {
			if classes[i] = max(classes[i], c); c == 0 {
				classes[i] = 0
			}
		}
	}
	return classes
}

// Oversized says whether the files that are mapped are larger than the memory, so that
// reading samples in a random order reads the disk for each.
func (d *Data) Oversized() bool {
	size := int64(0)
	for _, a := range d.parts.arrays {
		if a.IsMapped() {
			size += a.Header().Bytes()
		}
	}
	return size > d.spec.Memory
}

// Denormalize turns normalised samples, one after another in x, back into the
// data's own units, in place. For unit_norm it does nothing: the lengths are not
// kept. uint8 data stay in [0, 1].
func (d *Data) Denormalize(x []float32) { d.Stats.undo(x) }

// Close gives the files back. Reading afterwards is an error.
func (d *Data) Close() error { return d.parts.close() }
