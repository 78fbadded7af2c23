// Package nearest finds the name that was meant by one that does not exist.
package nearest

import "strings"

// Name is the name among names that differs least from want, whatever its case; ""
// where none is near. The first of equally near ones wins.
func Name(want string, names []string) string {
	want = strings.ToLower(want)
	best, least := "", tolerance(want)+1
	for _, n := range names {
		if d := distance(want, strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best
}

// tolerance is how many typing mistakes a word of this length may have.
func tolerance(word string) int {
	switch n := len(word); {
	case n <= 4:
		return 1
	case n <= 8:
		return 2
	}
	return 3
}

// longest is how much of a word counts: longer ones that differ later are near enough.
const longest = 64

// distance counts the insertions, deletions, replacements and swaps of neighbours that
// turn a into b (optimal string alignment).
func distance(a, b string) int {
	x, y := runes(a), runes(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}

func runes(s string) []rune {
	r := []rune(s)
	return r[:min(len(r), longest)]
}
