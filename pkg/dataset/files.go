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

// openFiles opens sources npy and idx.
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
	if err := p.agree(); err != nil {
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

// open opens one data file and its labels.
func (p *parts) open(s Spec, f named) error {
	path, err := find(f.key, f.path)
	if err != nil {
		return err
	}
	mode, err := s.mode()
	if err != nil {
		return err
	}
	format := npy.ReadHeader
	if s.Source == "idx" {
		format = readIDXHeader
	}
	a, err := npy.Open(path, npy.Options{Mode: mode, Memory: s.Memory, Unit: true, Format: samplesOnly(format)})
	if err != nil {
		return err
	}
	p.arrays = append(p.arrays, a)
	one := part{name: f.split, path: path, src: a, n: a.Rows()}
	if !a.IsMapped() && npy.IsFloat(a.Header().DType) {
		if err := checkFinite(one, a.RowLen()); err != nil {
			return err
		}
	}
	if f.labels != "" {
		if one.labels, err = openLabels(s, f.labelsKey, f.labels); err != nil {
			return err
		}
		if err := one.checkLabels(); err != nil {
			return err
		}
	}
	p.list = append(p.list, one)
	shape := a.Header().Shape[1:]
	if s.Source == "idx" {
		shape = idxSampleShape(a.Header().Shape)
	}
	if p.shape == nil {
		p.shape = shape
	}
	return p.sameShape(one, shape)
}

// samplesOnly refuses arrays that are not a list of samples, before any of their
// data is read.
func samplesOnly(format func(io.ReaderAt, int64) (npy.Header, error)) func(io.ReaderAt, int64) (npy.Header, error) {
	return func(r io.ReaderAt, size int64) (npy.Header, error) {
		h, err := format(r, size)
		switch {
		case err != nil:
		case len(h.Shape) < 2:
			err = broken("the array has the shape %v; expected at least two dimensions, [samples, values]", h.Shape)
		case h.Shape[0] == 0:
			err = broken("the array %v has no samples", h)
		case h.Count() == 0:
			err = broken("the samples of the array %v have no values", h)
		}
		return h, err
	}
}

func (one part) checkLabels() error {
	if got := int64(len(one.labels.values) / one.labels.row); got != one.n {
		return mistake("%s has %d labels but %s has %d samples; give the labels that belong to these data", one.labels.path, got, one.path, one.n)
	}
	return nil
}

func (p *parts) sameShape(one part, shape []int64) error {
	if slices.Equal(shape, p.shape) {
		return nil
	}
	return mistake("%s has samples of shape %v but %s has %v; the splits must have the same shape", one.path, shape, p.list[0].path, p.shape)
}

// agree checks what must be the same in all files.
func (p *parts) agree() error {
	first := p.list[0]
	isBytes := p.arrays[0].Header().DType == "u1"
	for i, one := range p.list[1:] {
		dtype := p.arrays[i+1].Header().DType
		if (dtype == "u1") != isBytes {
			return mistake("%s is %s but %s is %s; only uint8 is scaled to [0, 1], so the splits would differ: convert one of them", one.path, npy.TypeName(dtype), first.path, npy.TypeName(p.arrays[0].Header().DType))
		}
		if first.labels != nil && !slices.Equal(one.labels.shape, first.labels.shape) {
			return mistake("%s has labels of shape %v but %s has %v; they must be the same in all splits", one.labels.path, one.labels.shape, first.labels.path, first.labels.shape)
		}
	}
	return nil
}

// identify combines the fingerprints of all files; names do not count.
func (p *parts) identify() string {
	hash := sha256.New()
	for i, one := range p.list {
		hash.Write([]byte(one.name + " " + p.arrays[i].Fingerprint() + "\n"))
		if one.labels != nil {
			hash.Write([]byte("labels " + one.labels.digest + "\n"))
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}
