package config

import (
	"cmp"
	"slices"
	"strings"
)

// Problem is one mistake in a config: where it is and what is wrong with it.
type Problem struct {
	File   string // the config's path as the user gave it
	Line   int    // from 1; 0 where the problem has no line, as for a missing section
	Column int    // from 1, in characters; 0 where it is not known
	Set    string // the --set argument that holds the value; empty for the file's own text
	Key    string // the key's path, such as training.optimizer.lr; empty for the whole file
	Text   string // what was found, what was expected
}

// String gives the problem as one sentence, `path:line:column: key.path: text`.
func (p Problem) String() string {
	place := position{p.File, p.Line, p.Column, p.Set}.String()
	key, _, _ := strings.Cut(p.Set, "=")
	if p.Key == "" || p.Set != "" && key == p.Key {
		return place + ": " + p.Text
	}
	return place + ": " + p.Key + ": " + p.Text
}

// Error is every problem of one config. It is the user's mistake, never a failure.
type Error struct {
	Problems []Problem
}

// Error gives one line a problem, in the order of the files; those without a line
// follow, then those of --set.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// UserError reports that the user can mend it.
func (e *Error) UserError() bool { return true }

// newError sorts the problems and drops repeated ones; nil where there are none.
func newError(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	rank := func(p Problem) int {
		switch {
		case p.Set != "":
			return 2
		case p.Line == 0:
			return 1
		}
		return 0
	}
	var files []string
	for _, p := range problems {
		if !slices.Contains(files, p.File) {
			files = append(files, p.File)
		}
	}
	sorted := slices.Clone(problems)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File)),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	seen := map[Problem]bool{}
	e := &Error{}
	for _, p := range sorted {
		if !seen[p] {
			seen[p] = true
			e.Problems = append(e.Problems, p)
		}
	}
	return e
}

// shorten cuts s to n characters, with an ellipsis where it was longer.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// joinWords gives "a", "a or b", "a, b or c" for the word "or".
func joinWords(words []string, last string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
