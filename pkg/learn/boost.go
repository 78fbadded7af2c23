package learn

import (
	"context"
	"math"
)

// The settings of boosting, which are scikit-learn's defaults.
const (
	rounds    = 100
	shrinkage = 0.1
	treeDepth = 3
)

// Boosted is an ensemble of gradient-boosted trees (Friedman 2001).
type Boosted struct {
	first      []float64 // of each score, before the first tree
	trees      [][]tree  // of each round, one for each score
	importance []float64 // of each feature
}

// Importance is the share of each feature in the variance of the residuals that splits
// took, averaged over all trees; it sums to 1, or is 0 where no tree has a split. It is
// scikit-learn's feature_importances_.
func (b *Boosted) Importance() []float64 { return b.importance }

// BoostNumbers learns y [n] by least squares: GradientBoostingRegressor(). Its error is that
// of ctx, which is looked at before each tree.
func BoostNumbers(ctx context.Context, x []float32, k int, y []float64) (*Boosted, error) {
	mean := 0.0
	for _, v := range y {
		mean += v / float64(len(y))
	}
	b := &Boosted{first: []float64{mean}}
	err := b.learn(ctx, newGrower(x, k), func(scores [][]float64, _ int, residual []float64) func(rows []int32) float64 {
		for i, v := range y {
			residual[i] = v - scores[0][i]
		}
		return func(rows []int32) float64 {
			sum := 0.0
			for _, row := range rows {
				sum += residual[row]
			}
			return sum / float64(len(rows))
		}
	})
	return b, err
}

// BoostClasses learns which of m classes a sample is of, by the log likelihood:
// GradientBoostingClassifier(). Two classes have one score, more have one each. Every
// class has a sample. Its error is that of ctx, which is looked at before each tree.
func BoostClasses(ctx context.Context, x []float32, k int, y []int, m int) (*Boosted, error) {
	share := make([]float64, m)
	for _, c := range y {
		share[c] += 1 / float64(len(y))
	}
	b := &Boosted{}
	if m == 2 {
		b.first = []float64{math.Log(share[1] / share[0])}
	} else {
		for _, s := range share {
			b.first = append(b.first, math.Log(s))
		}
	}
	var current []float64 // probabilities of the round, [n, scores]
	err := b.learn(ctx, newGrower(x, k), func(scores [][]float64, s int, residual []float64) func(rows []int32) float64 {
		if s == 0 {
			current = probabilities(scores, current)
		}
		for i, c := range y {
			residual[i] = -current[i*len(scores)+s]
			if m == 2 && c == 1 || m > 2 && c == s {
				residual[i]++
			}
		}
		factor := 1.0
		if m > 2 {
			factor = float64(m-1) / float64(m)
		}
		return func(rows []int32) float64 { // one step of Newton's method
			up, down := 0.0, 0.0
			for _, row := range rows {
				p := current[int(row)*len(scores)+s]
				up += residual[row]
				down += p * (1 - p)
			}
			if math.Abs(down) < 1e-150 {
				return 0
			}
			return factor * up / down
		}
	})
	return b, err
}

// probabilities are the logistic function of one score, the softmax of several: [n, scores].
func probabilities(scores [][]float64, into []float64) []float64 {
	n, m := len(scores[0]), len(scores)
	if into == nil {
		into = make([]float64, n*m)
	}
	for i := range n {
		row := into[i*m : (i+1)*m]
		if m == 1 {
			row[0] = 1 / (1 + math.Exp(-scores[0][i]))
			continue
		}
		most, sum := math.Inf(-1), 0.0
		for s := range scores {
			most = max(most, scores[s][i])
		}
		for s := range scores {
			row[s] = math.Exp(scores[s][i] - most)
			sum += row[s]
		}
		for s := range row {
			row[s] /= sum
		}
	}
	return into
}

// learn grows the trees. prepare sets the residuals of one score in a round and says
// which value a leaf gets.
func (b *Boosted) learn(ctx context.Context, g *grower, prepare func(scores [][]float64, s int, residual []float64) func(rows []int32) float64) error {
	scores := make([][]float64, len(b.first))
	for s, v := range b.first {
		scores[s] = make([]float64, g.n)
		for i := range scores[s] {
			scores[s][i] = v
		}
	}
	residual, total := make([]float64, g.n), 0.0
	b.importance = make([]float64, g.k)
	for range rounds {
		round := make([]tree, len(scores))
		for s := range scores {
			if err := ctx.Err(); err != nil {
				return err
			}
			round[s] = g.grow(residual, treeDepth, prepare(scores, s, residual))
			for d, v := range g.gain {
				b.importance[d] += v
				total += v
			}
		}
		for s, t := range round {
			for i := range g.n {
				scores[s][i] += shrinkage * t.at(g.x[i*g.k:(i+1)*g.k])
			}
		}
		b.trees = append(b.trees, round)
	}
	if total > 0 {
		for d := range b.importance {
			b.importance[d] /= total
		}
	}
	return nil
}

func (b *Boosted) scores(x []float32) []float64 {
	out := append([]float64(nil), b.first...)
	for _, round := range b.trees {
		for s, t := range round {
			out[s] += shrinkage * t.at(x)
		}
	}
	return out
}

// Number is what one sample gets from BoostNumbers.
func (b *Boosted) Number(x []float32) float64 { return b.scores(x)[0] }

// Class is the most probable class of one sample, from BoostClasses.
func (b *Boosted) Class(x []float32) int {
	scores := b.scores(x)
	if len(scores) == 1 {
		if scores[0] > 0 {
			return 1
		}
		return 0
	}
	best := 0
	for s, v := range scores {
		if v > scores[best] {
			best = s
		}
	}
	return best
}
