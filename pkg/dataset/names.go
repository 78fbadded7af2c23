package dataset

import (
	"fmt"
	"slices"
)

// namedLabels are classes that samples have by name.
func namedLabels(of []string, column, path string) *labelSet {
	l := numberedLabels(make([]float32, len(of)), []string{column}, path)
	l.name(of, 0)
	return l
}

// name numbers classes, in the order of their names: they are the number at a place of each
// label.
func (l *labelSet) name(of []string, at int) {
	names := slices.Clone(of)
	slices.Sort(names)
	l.named, l.at = slices.Compact(names), at
	number := numbering(l.named)
	for i, name := range of {
		l.values[i*l.row+at] = number[name]
	}
	if l.row == 1 {
		l.classes = len(l.named)
	}
	l.digest += fmt.Sprintf(" %q", l.named)
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
	for i := l.at; i < len(l.values); i += l.row {
		l.values[i] = to[int(l.values[i])]
	}
	if l.named = names; l.row == 1 {
		l.classes = len(names)
	}
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
