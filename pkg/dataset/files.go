package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"

	"github.com/gotrainer/trainer/pkg/npy"
)

// named is a file that a config key gives for one split.
type named struct{ split, key, path, labelsKey, labels string }

// openFiles opens the sources that are files: npy, npz, idx, csv, parquet,
// safetensors and images.
func openFiles(s Spec) (*parts, error) {
	files, divide, err := s.files()
	if err != nil {
		return nil, err
	}
	p := &parts{divide: divide}
	for _, f := range files {
		if err := p.open(s, f); err != nil {
			p.close()
			return nil, err
		}
	}
	if err := p.agree(s.Classes); err != nil {
		p.close()
		return nil, err
	}
	p.fingerprint = p.identify()
	return p, nil
}

// files lists the given files; divide means that there is one, to be split.
func (s Spec) files() (files []named, divide bool, err error) {
	if s.Path != "" && s.Train != "" {
		return nil, false, mistake("data.path and data.train: both are given (%s, %s); keep one", s.Path, s.Train)
	}
	train := named{"train", "data.path", s.Path, "data.labels", s.Labels.Path}
	if s.Path == "" {
		train.key, train.path = "data.train", s.Train
	}
	if train.path == "" {
		return nil, false, mistake("data.path: a file is needed with source %s; set path, or train, val and test", s.Source)
	}
	if s.Val == "" && s.Test == "" {
		if s.Labels.Val != "" || s.Labels.Test != "" {
			return nil, false, mistake("data.labels: val or test labels are given without a data.val or data.test file; give one labels file for %s", train.path)
		}
		if train.labels == "" {
			train.labels = s.Labels.Train
		}
		return []named{train}, true, nil
	}
	if s.Labels.Path != "" {
		return nil, false, mistake("data.labels: found one file (%s) for data that are in several; expected a map with train, val and test", s.Labels.Path)
	}
	all := []named{
		{"train", train.key, train.path, "data.labels.train", s.Labels.Train},
		{"val", "data.val", s.Val, "data.labels.val", s.Labels.Val},
		{"test", "data.test", s.Test, "data.labels.test", s.Labels.Test},
	}
	for _, f := range all {
		if f.path == "" && f.labels != "" {
			return nil, false, mistake("%s: labels are given (%s) without a %s file", f.labelsKey, f.labels, f.key)
		}
		if f.path != "" && f.labels == "" && s.Labels != (Labels{}) {
			return nil, false, mistake("%s: no labels are given for %s; give labels for every split or for none", f.labelsKey, f.path)
		}
	}
	return slices.DeleteFunc(all, func(f named) bool { return f.path == "" }), false, nil
}

// open opens the data of one split and its labels.
func (p *parts) open(s Spec, f named) error {
	one, err := p.openSplit(s, f)
	if err != nil {
		return err
	}
	one.name = f.split
	p.list = append(p.list, one)
	if p.shape == nil {
		p.shape = one.shape
	}
	p.files += max(one.files, 1)
	return nil
}

// openOne opens one file.
func (p *parts) openOne(s Spec, path string) (part, error) {
	switch s.Source {
	case "csv":
		return readCSV(s, path)
	case "parquet":
		return p.openParquet(s, path)
	case "images":
		return p.openImages(s, path)
	}
	if len(s.Arrays) > 0 && !s.holdsOne() {
		return p.openBeside(s, path)
	}
	return p.openArray(s, path)
}

// openArray opens a file that holds the samples as one array.
func (p *parts) openArray(s Spec, path string) (part, error) {
	format := s.named(s.Array, s.LabelArrays)
	switch {
	case s.Source == "idx":
		format = readIDXHeader
	case format == nil:
		format = npy.ReadHeader
	}
	rank := 2
	if s.among {
		rank = 1 // [samples] is a number for each
	}
	one, err := p.openFormat(s, path, samplesOnly(format, rank))
	if err != nil {
		return part{}, err
	}
	switch s.Source {
	case "idx":
		one.shape = idxSampleShape(one.shape)
	case "npz", "safetensors":
		one.digest += " " + s.Array
	}
	return one, nil
}

// openFormat opens the array that format finds in a file.
func (p *parts) openFormat(s Spec, path string, format headerReader) (part, error) {
	if s.describe {
		h, err := npy.OpenHeader(path, format)
		if err != nil {
			return part{}, err
		}
		return part{path: path, src: unread{path}, n: h.Shape[0], dtype: h.DType, shape: h.Shape[1:]}, nil
	}
	mode, err := s.mode()
	if err != nil {
		return part{}, err
	}
	a, err := npy.Open(path, npy.Options{Mode: mode, Memory: s.Memory, Unit: !s.unscaled, Format: format})
	if err != nil {
		return part{}, err
	}
	p.arrays = append(p.arrays, a)
	h := a.Header()
	one := part{path: path, src: a, n: a.Rows(), dtype: h.DType, digest: a.Fingerprint(), mapped: a.IsMapped(), shape: h.Shape[1:]}
	if !a.IsMapped() && npy.IsFloat(h.DType) {
		err = checkFinite(one, a.RowLen())
	}
	return one, err
}

// takeLabels opens the labels that are in a file of their own, or beside the samples.
func (one *part) takeLabels(s Spec, key, file string) (err error) {
	inside := s.labelNames()
	switch {
	case file != "" && s.Source == "images":
		return mistake("%s: found %s, but the labels of images are their folders; remove the key", key, file)
	case file != "" && len(inside) > 0:
		return mistake("%s: labels are given twice, by the file %s and inside %s (%s); keep one", key, file, one.path, some(inside))
	case file != "":
		one.labels, err = openLabels(s, key, file)
	case len(inside) > 0 && s.named("", nil) != nil:
		one.labels, err = labelsInside(s, one.path)
	}
	if err != nil || one.labels == nil {
		return err
	}
	return one.checkLabels()
}

// samplesOnly refuses arrays that are not a list of samples, of at least rank dimensions,
// before any of their data is read.
func samplesOnly(format headerReader, rank int) headerReader {
	return func(r io.ReaderAt, size int64) (npy.Header, error) {
		h, err := format(r, size)
		switch {
		case err != nil:
		case len(h.Shape) < rank && rank == 1:
			err = broken("the array has the shape %v; expected a row for each sample", h.Shape)
		case len(h.Shape) < rank:
			err = broken("the array has the shape %v; expected at least two dimensions, [samples, values]", h.Shape)
		case h.Shape[0] == 0:
			err = broken("the array %v has no samples", h)
		case h.Count() == 0:
			err = broken("the samples of the array %v have no values", h)
		}
		return h, err
	}
}

func (one *part) checkLabels() error {
	if got := int64(len(one.labels.values) / one.labels.row); got != one.n {
		return mistake("%s has %d labels but %s has %d samples; give the labels that belong to these data", one.labels.path, got, one.path, one.n)
	}
	return nil
}

// agree holds that the samples and labels of all splits are alike. Classes with names have
// the numbers that the given names have, or else those of the first split, so that another
// split may lack some.
func (p *parts) agree(names []string) error {
	first, of := p.list[0], "the model's training data"
	for _, one := range p.list {
		if err := one.like(first); err != nil {
			return err
		}
		if one.labels == nil || one.labels.named == nil {
			continue
		}
		if names == nil {
			names, of = one.labels.named, one.path
		}
		if name, ok := one.labels.renumber(names); !ok {
			return mistake("%s has the class %q, which is not in %s; expected its classes, or fewer", one.path, name, of)
		}
	}
	return nil
}

// identify combines the fingerprints of all files; names do not count.
func (p *parts) identify() string {
	hash := sha256.New()
	for _, one := range p.list {
		hash.Write([]byte(one.name + " " + one.digest + "\n"))
		if one.labels != nil {
			hash.Write([]byte("labels " + one.labels.digest + "\n"))
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}
