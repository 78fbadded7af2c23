package track

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// special is the name of a value that is no number; the journal uses it as well.
func special(x float64) (name string, ok bool) {
	switch {
	case math.IsNaN(x):
		return "NaN", true
	case math.IsInf(x, 1):
		return "Infinity", true
	case math.IsInf(x, -1):
		return "-Infinity", true
	}
	return "", false
}

// Number writes a metric for people, with four significant digits or all of the
// integer part: 12.34, 0.1200, 123457, 1.235e-05.
func Number(x float64) string {
	if name, ok := special(x); ok {
		return name
	}
	if x == 0 {
		return "0"
	}
	return digits(x, 4, -4, 7)
}

// Short writes a setting such as a learning rate, with at most four significant
// digits and no zeros behind: 0.001, 3e-05.
func Short(x float64) string {
	if name, ok := special(x); ok {
		return name
	}
	return strconv.FormatFloat(roundTo(x, 4), 'g', -1, 64)
}

// Count writes an amount with three significant digits: 0.520, 950, 12.3k, 4.56M.
func Count(x float64) string {
	if name, ok := special(x); ok {
		return name
	}
	if x == 0 {
		return "0"
	}
	unit := ""
	for _, next := range []string{"k", "M", "G", "T"} {
		if math.Abs(x) < 999.5 {
			break
		}
		x, unit = x/1000, next
	}
	return digits(x, 3, -3, 4) + unit
}

// digits writes x with n significant digits, or all of the integer part; as a power
// of ten where the exponent is below low or not below high.
func digits(x float64, n, low, high int) string {
	scientific := strconv.FormatFloat(x, 'e', n-1, 64)
	_, exponent, _ := strings.Cut(scientific, "e")
	exp, _ := strconv.Atoi(exponent) // after rounding: 9.9999 has the exponent of 10.00
	if exp < low || exp >= high {
		return scientific
	}
	return strconv.FormatFloat(x, 'f', max(0, n-1-exp), 64)
}

func roundTo(x float64, n int) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'e', n-1, 64), 64)
	return rounded
}

// Duration writes a length of time in two units at most: 0.4s, 45s, 3m20s, 2h05m,
// 3d04h.
func Duration(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	if d < 9950*time.Millisecond {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	switch s := int64(d.Round(time.Second) / time.Second); {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	default:
		return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
	}
}

// oneLine makes a text safe for a line of a terminal or log: no control characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return -1
		}
		return r
	}, strings.TrimSpace(text))
}

// epochParts are the pieces of the line about an epoch's end.
func epochParts(e Event, epochs int64) []string {
	parts := []string{counter("epoch", e.Epoch, epochs), fmt.Sprintf("step %d", e.Step)}
	for _, v := range e.Values {
		write := Number
		if v.Name == rateName {
			write = Short
		}
		parts = append(parts, v.Name+" "+write(v.Value))
	}
	if e.Took > 0 {
		parts = append(parts, Duration(e.Took))
	}
	if e.Best {
		parts = append(parts, bestMark)
	}
	return parts
}

const (
	rateName = "lr"   // the value that is the learning rate
	bestMark = "best" // ends the line of an epoch that is the best so far
)

// counter is `epoch 3/20`, or `epoch 3` where the total is not known.
func counter(what string, n, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("%s %d", what, n)
	}
	return fmt.Sprintf("%s %*d/%d", what, len(strconv.FormatInt(total, 10)), n, total)
}
