package dataset

import (
	"fmt"
	"slices"
)

// namedLabels numbers classes that samples have by name, in the order of the names.
func namedLabels(of []string, column, path string) *labelSet {
	names := slices.Clone(of)
	slices.Sort(names)
	names = slices.Compact(names)
	l := &labelSet{row: 1, shape: []int64{}, names: []string{column}, spans: spansOf([]string{column}), named: names, path: path, classes: len(names)}
	number := numbering(names)
	for _, name := range of {
		l.values = append(l.values, number[name])
	}
	l.digest = fmt.Sprintf("%s %q", column, names)
	return l
}

func numbering(names []string) map[string]float32 {
	number := make(map[string]float32, len(names))
	for i, name := range names {
		number[name] = float32(i)
	}
	return number
}

// renumber gives the classes the numbers that they have in names, or tells one that is
// not there.
func (l *labelSet) renumber(names []string) (unknown string, ok bool) {
	number := numbering(names)
	to := make([]float32, len(l.named))
	for i, name := range l.named {
		if to[i], ok = number[name]; !ok {
			return name, false
		}
	}
	for i, v := range l.values {
		l.values[i] = to[int(v)]
	}
	l.named, l.classes = names, len(names)
	return "", true
}

// allNames are the names of the classes of several parts, in order; nil where labels are
// numbers.
func allNames(list []part) (names []string) {
	for _, one := range list {
		names = append(names, one.labels.named...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
