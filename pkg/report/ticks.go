package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// niceTicks stand at multiples of 1, 2 or 5 times a power of ten, about six of them;
// whole ones at whole numbers only, for epochs and steps.
type niceTicks struct{ whole bool }

// Ticks answers plot.Ticker.
func (t niceTicks) Ticks(least, most float64) []plot.Tick {
	step := niceStep((most - least) / 6)
	if t.whole {
		step = max(step, 1)
	}
	if !(step > 0) || math.IsInf(step, 0) {
		return []plot.Tick{{Value: least, Label: label(least, 0)}}
	}
	var out []plot.Tick
	first := math.Ceil(least/step - 1e-9)
	for i := 0.0; i < 20 && (first+i)*step <= most+1e-9*step; i++ {
		out = append(out, plot.Tick{Value: (first + i) * step, Label: label((first+i)*step, step)})
	}
	return out
}

// niceStep is the smallest of 1, 2 and 5 times a power of ten that is not below x.
func niceStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// label writes a tick with the decimals that its step needs.
func label(v, step float64) string {
	if size := math.Abs(v); size >= 1e6 || step > 0 && step < 1e-4 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	decimals := 0
	if step > 0 {
		decimals = max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	}
	return strconv.FormatFloat(v+0, 'f', decimals, 64)
}

// logTicks stand at 1, 2 and 5 times each power of ten, or over many decades at some of
// the powers.
type logTicks struct{}

// Ticks answers plot.Ticker.
func (logTicks) Ticks(least, most float64) []plot.Tick {
	from, to := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	steps, every := []float64{1, 2, 5}, 1.0
	if to-from > 3 {
		steps, every = steps[:1], math.Ceil((to-from)/8)
	}
	var out []plot.Tick
	for power := from; power <= to; power += every {
		for _, m := range steps {
			if v := m * math.Pow(10, power); v >= least && v <= most {
				out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 3, 64)})
			}
		}
	}
	return out
}

// roomAround widens a range a little, so that nothing drawn touches its edge; 0 stays
// the end of a range that begins there.
func roomAround(least, most float64) (float64, float64) {
	room := 0.04 * (most - least)
	if least == most {
		room = math.Max(math.Abs(least)/2, 1e-9)
	}
	if least >= 0 && least-room < 0 {
		return 0, most + room
	}
	return least - room, most + room
}
