package runs

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Sort orders the runs by a value: best metrics first by "best" (with each run's own
// sense of better), newest first by "started" and "ended", largest first by "size" and
// "time" (of training), all else in rising order; a minus before the name turns the order around. Runs without the
// value come last, and equal ones stay in order.
func Sort(list []*Run, by string) error {
	name, reverse := strings.CutPrefix(by, "-")
	if err := CheckName(list, name); err != nil {
		return err
	}
	if name == "time" || name == "started" || name == "ended" || name == "size" {
		reverse = !reverse
	}
	slices.SortStableFunc(list, func(a, b *Run) int {
		va, okA := a.Value(name)
		vb, okB := b.Value(name)
		switch {
		case !okA || !okB:
			return rank(okA) - rank(okB)
		}
		order := compare(va, vb)
		if name == "best" && a.Max && b.Max {
			order = -order
		}
		if reverse {
			order = -order
		}
		return order
	})
	return nil
}

func rank(has bool) int {
	if has {
		return 0
	}
	return 1
}

// compare orders numbers before texts.
func compare(a, b any) int {
	switch a := a.(type) {
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b)
		}
		return -1
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b)
		}
	case time.Duration:
		if b, ok := b.(time.Duration); ok {
			return cmp.Compare(a, b)
		}
	}
	if _, ok := b.(float64); ok {
		return 1
	}
	return strings.Compare(Text(a), Text(b))
}
