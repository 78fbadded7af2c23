package metrics

import (
	"context"
	"math"
	"slices"

	"github.com/gotrainer/trainer/pkg/learn"
)

// sapC is the C of SAP's linear SVM.
const sapC = 0.01

// SAP is the separated attribute predictability: each latent predicts each factor alone,
// fitted on the first codes and judged on the others. NaN where no factor varies or there
// is one latent only. Its error is that of ctx.
func SAP(ctx context.Context, fit, test Coded) (Value, error) {
	var gaps []float64
	for _, f := range fit.factors(nil) {
		if fit.K < 2 {
			break
		}
		truth, scores := f.classesOf(column(test.Truth, f.at, test.F)), make([]float64, fit.K)
		err := parallel(ctx, fit.K, func(d int) {
			mu := column(fit.Mu, d, fit.K)
			switch {
			case f.continuous:
				scores[d] = squaredCorrelation(mu, f.values)
			case variance(mu) > 1e-12:
				lines := learn.SVM(mu, f.classes, f.m, sapC)
				scores[d] = rightShare(truth, func(i int) int { return learn.Best(lines, float64(test.Mu[i*test.K+d])) })
			}
		})
		if err != nil {
			return Value{}, err
		}
		slices.Sort(scores)
		gaps = append(gaps, scores[fit.K-1]-scores[fit.K-2])
	}
	return Value{"sap", mean(gaps)}, nil
}

// DCI are disentanglement, completeness and informativeness: boosted trees predict each
// factor from all latents, fitted on the first codes and judged on the others. They are NaN
// where no factor varies. The error is that of ctx.
func DCI(ctx context.Context, fit, test Coded) ([]Value, error) {
	factors := fit.factors(nil)
	importance, informed := make([][]float64, len(factors)), make([]float64, len(factors))
	err := parallel(ctx, len(factors), func(j int) { importance[j], informed[j] = predict(ctx, factors[j], fit, test) })
	if err != nil {
		return nil, err
	}
	return []Value{{"dci_disentanglement", disentanglement(importance, fit.K)}, {"dci_completeness", completeness(importance, fit.K)}, {"dci_informativeness", mean(informed)}}, nil
}

// predict is the importance of each latent for a factor, and how well it is predicted: the
// share of right classes, or R² of numbers. Both are nothing when ctx has ended.
func predict(ctx context.Context, f factor, fit, test Coded) (importance []float64, informed float64) {
	numbers := column(test.Truth, f.at, test.F)
	sample := func(i int) []float32 { return test.Mu[i*test.K : (i+1)*test.K] }
	if !f.continuous {
		trees, err := learn.BoostClasses(ctx, fit.Mu, fit.K, f.classes, f.m)
		if err != nil {
			return nil, 0
		}
		return trees.Importance(), rightShare(f.classesOf(numbers), func(i int) int { return trees.Class(sample(i)) })
	}
	trees, err := learn.BoostNumbers(ctx, fit.Mu, fit.K, f.values)
	if err != nil {
		return nil, 0
	}
	wrong := 0.0
	for i, v := range numbers {
		e := v - trees.Number(sample(i))
		wrong += e * e
	}
	return trees.Importance(), 1 - wrong/float64(len(numbers))/variance(numbers)
}

// disentanglement is the mean over latents, weighted by their importance, of 1 minus the
// entropy of what each is important for; importance is [factor][latent].
func disentanglement(importance [][]float64, k int) float64 {
	total, sum := 0.0, 0.0
	for d := range k {
		row := make([]float64, len(importance))
		weight := 0.0
		for j := range importance {
			row[j] = importance[j][d]
			weight += row[j]
		}
		sum += weight * (1 - spread(row))
		total += weight
	}
	return sum / total
}

// completeness is the same the other way round: what is important for each factor.
func completeness(importance [][]float64, k int) float64 {
	total, sum := 0.0, 0.0
	for j := range importance {
		weight := 0.0
		for d := range k {
			weight += importance[j][d]
		}
		sum += weight * (1 - spread(importance[j]))
		total += weight
	}
	return sum / total
}

// spread is the entropy of shares in units of its largest value, 0 for one share alone.
func spread(shares []float64) float64 {
	const least = 1e-11 // as disentanglement_lib adds: a row of zeros is spread evenly
	sum, h := 0.0, 0.0
	for _, v := range shares {
		sum += v + least
	}
	if len(shares) < 2 {
		return 0
	}
	for _, v := range shares {
		p := (v + least) / sum
		h -= p * math.Log(p)
	}
	return h / math.Log(float64(len(shares)))
}

func rightShare(truth []int, answer func(i int) int) float64 {
	right := 0.0
	for i, c := range truth {
		if answer(i) == c {
			right++
		}
	}
	return right / float64(len(truth))
}

func variance(x []float64) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	return sum / float64(len(x))
}

func squaredCorrelation(x, y []float64) float64 {
	vx, vy := variance(x), variance(y)
	if vx <= 1e-12 || vy == 0 {
		return 0
	}
	mx, my, sum := mean(x), mean(y), 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	covariance := sum / float64(len(x))
	return covariance * covariance / vx / vy
}
