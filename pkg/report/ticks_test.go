package report

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

func labels(t plot.Ticker, least, most float64) string {
	var out []string
	for _, tick := range t.Ticks(least, most) {
		out = append(out, tick.Label)
	}
	return strings.Join(out, " ")
}

func TestTicksStandAtRoundNumbers(t *testing.T) {
	for _, c := range []struct {
		ticks       plot.Ticker
		least, most float64
		want        string
	}{
		{niceTicks{}, 0, 13, "0 5 10"},
		{niceTicks{}, 0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{niceTicks{}, -0.0004, 0.001, "0.0000 0.0005 0.0010"},
		{niceTicks{}, 0, 3e-9, "0 5e-10 1e-09 1.5e-09 2e-09 2.5e-09 3e-09"},
		{niceTicks{}, 0, 5e6, "0 1e+06 2e+06 3e+06 4e+06 5e+06"},
		{niceTicks{whole: true}, 1, 3, "1 2 3"},
		{niceTicks{whole: true}, 1, 1.4, "1"},
		{niceTicks{}, 2, 2, "2"},
		{niceTicks{}, 0, math.Inf(1), "0"},
		{logTicks{}, 0.15, 60, "0.2 0.5 1 2 5 10 20 50"},
		{logTicks{}, 1e-6, 1e6, "1e-06 0.0001 0.01 1 100 1e+04 1e+06"},
	} {
		if got := labels(c.ticks, c.least, c.most); got != c.want {
			t.Errorf("%+v from %v to %v: %s, want %s", c.ticks, c.least, c.most, got, c.want)
		}
	}
}
