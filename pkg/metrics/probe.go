package metrics

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gotrainer/trainer/pkg/learn"
)

// SparseCodes keeps the active latents of many samples.
type SparseCodes struct {
	m    int
	rows [][]active
}

type active struct {
	latent int32
	value  float32
}

// NewSparseCodes is for codes of m latents.
func NewSparseCodes(m int) *SparseCodes { return &SparseCodes{m: m} }

// Add takes codes [n, m].
func (s *SparseCodes) Add(codes []float32) {
	for at := 0; at < len(codes); at += s.m {
		var row []active
		for i, v := range codes[at : at+s.m] {
			if v != 0 {
				row = append(row, active{int32(i), v})
			}
		}
		s.rows = append(s.rows, row)
	}
}

// columns are the given latents of all samples, [n, len(latents)].
func (s *SparseCodes) columns(latents []int) []float32 {
	place := map[int32]int{}
	for i, l := range latents {
		place[int32(l)] = i
	}
	out := make([]float32, len(s.rows)*len(latents))
	for i, row := range s.rows {
		for _, a := range row {
			if at, ok := place[a.latent]; ok {
				out[i*len(latents)+at] = a.value
			}
		}
	}
	return out
}

// telling are the k latents whose mean differs most between the samples of a class and
// the others, the first of them first.
func (s *SparseCodes) telling(of []bool, k int) []int {
	yes, no := 0.0, 0.0
	difference := make([]float64, s.m)
	for _, v := range of {
		if v {
			yes++
		} else {
			no++
		}
	}
	for i, row := range s.rows {
		share := -1 / no
		if of[i] {
			share = 1 / yes
		}
		for _, a := range row {
			difference[a.latent] += share * float64(a.value)
		}
	}
	order := make([]int, s.m)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(difference[b]), math.Abs(difference[a])) })
	return order[:min(k, s.m)]
}

// probed are the numbers of latents that a probe may use.
var probed = []int{1, 2, 5}

// leastOfClass is how many samples a class needs, to be fitted and to be judged.
const leastOfClass = 5

// Probe tells how well few latents tell the classes of labels: logistic regressions on
// the k most telling latents of each class, fitted on the first codes and judged on the
// others. It is empty where no class has enough samples of either kind. The error is that of ctx.
func Probe(ctx context.Context, fit, test *SparseCodes, fitLabels, testLabels []int, classes int) (values []Value, err error) {
	for _, k := range probed {
		scores := make([]float64, classes)
		err := parallel(ctx, classes, func(class int) {
			scores[class] = probe(fit, test, isClass(fitLabels, class), isClass(testLabels, class), k)
		})
		if err != nil {
			return nil, err
		}
		scores = slices.DeleteFunc(scores, math.IsNaN)
		if len(scores) > 0 && k <= fit.m {
			values = append(values, Value{fmt.Sprintf("probe_%d", k), mean(scores)})
		}
	}
	return values, nil
}

func isClass(labels []int, class int) []bool {
	of := make([]bool, len(labels))
	for i, l := range labels {
		of[i] = l == class
	}
	return of
}

// probe is the balanced accuracy of one class; NaN where there are too few samples.
func probe(fit, test *SparseCodes, of, truth []bool, k int) float64 {
	for _, labels := range [][]bool{of, truth} {
		yes := 0
		for _, v := range labels {
			if v {
				yes++
			}
		}
		if yes < leastOfClass || len(labels)-yes < leastOfClass {
			return math.NaN()
		}
	}
	latents := fit.telling(of, k)
	plane := learn.Logistic(fit.columns(latents), len(latents), of)
	x := test.columns(latents)
	var right, all [2]float64
	for i, v := range truth {
		class := 0
		if v {
			class = 1
		}
		all[class]++
		if (plane.At(x[i*len(latents):(i+1)*len(latents)]) > 0) == v {
			right[class]++
		}
	}
	return (right[0]/all[0] + right[1]/all[1]) / 2
}
