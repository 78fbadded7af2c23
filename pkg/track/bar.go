package track

import (
	"fmt"
	"slices"
	"strings"
)

// part is a piece of a progress line. Where the line is too long, the parts of the
// highest rank go first.
type part struct {
	rank int
	text string
}

const (
	barName = "\x00bar" // stands where the bar goes
	barMin  = 12        // columns, brackets included
	barMax  = 32

	indent    = "  " // of the second line
	rowsOfTwo = 6    // lines that a terminal must have for a block of two
)

// lay gives the lines of progress on a terminal of so many columns and lines (0 = not
// known): one line where all parts fit, else one for each row, of what fits into it.
func lay(rows [][]part, columns, lines int, done float64, paint func(string) string) []string {
	all := slices.Concat(rows...)
	if columns <= 0 || length(all) <= columns || lines > 0 && lines < rowsOfTwo {
		return []string{fit(all, columns, done, paint)}
	}
	var out []string
	for i, row := range rows {
		lead := ""
		if i > 0 {
			lead = indent
		}
		if len(row) > 0 && columns > len(lead) {
			out = append(out, lead+fit(row, columns-len(lead), done, paint))
		}
	}
	return out
}

// fit lays the parts out in their order, two spaces between them, on at most width
// columns; width 0 = no limit, and then no bar. It takes them by rank until one does
// not fit. The bar, if it is among them, gets the room that is left; done is its
// filled fraction, and paint colours it.
func fit(parts []part, width int, done float64, paint func(string) string) string {
	chosen := choose(parts, width)
	room := 0
	if width > 0 {
		room = width - length(chosen)
	}
	var texts []string
	for _, p := range chosen {
		switch {
		case p.text == barName && width > 0:
			texts = append(texts, paint(bar(min(barMax, barMin+room), done)))
		case p.text != barName:
			texts = append(texts, p.text)
		}
	}
	line := strings.Join(texts, "  ")
	if runes := []rune(line); width > 0 && len(chosen) == 1 && len(runes) > width {
		line = string(runes[:width])
	}
	return line
}

// choose gives the parts that fit, in their order; the first by rank always does.
func choose(parts []part, width int) []part {
	if width <= 0 {
		return parts
	}
	ranks := make([]int, len(parts))
	for i, p := range parts {
		ranks[i] = p.rank
	}
	slices.Sort(ranks)
	for n := len(ranks); n > 1; n-- {
		chosen := upTo(parts, ranks[n-1])
		if length(chosen) <= width {
			return chosen
		}
	}
	return upTo(parts, ranks[0])
}

// upTo gives the parts of at most that rank.
func upTo(parts []part, rank int) (chosen []part) {
	for _, p := range parts {
		if p.rank <= rank {
			chosen = append(chosen, p)
		}
	}
	return chosen
}

// length is the width of the parts in a line, with the smallest bar.
func length(parts []part) int {
	sum := 2 * (len(parts) - 1)
	for _, p := range parts {
		if p.text == barName {
			sum += barMin
		} else {
			sum += len([]rune(p.text))
		}
	}
	return sum
}

// bar draws `[=====>    ]`, size columns wide.
func bar(size int, done float64) string {
	inner := size - 2
	full := int(done * float64(inner))
	full = max(0, min(full, inner))
	if full == inner {
		return "[" + strings.Repeat("=", inner) + "]"
	}
	return "[" + strings.Repeat("=", full) + ">" + strings.Repeat(" ", inner-full-1) + "]"
}

func percent(done float64) string { return fmt.Sprintf("%3d%%", int(100*max(0, min(done, 1)))) }

// fraction is n/total within 0 and 1; 0 where the total is not known.
func fraction(n, total int64) float64 {
	if total <= 0 {
		return 0
	}
	return max(0, min(float64(n)/float64(total), 1))
}
