package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Classes judges a classifier.
type Classes struct {
	counts  [][]int // [class][answer]
	logLoss float64
	labels  []int
	shares  [][]float32 // of each class: the probability that it gives each sample
	bins    [calibrationBins]struct{ n, confidence, right float64 }
}

// calibrationBins is the number of bins of the confidence, as Guo et al. have it.
const calibrationBins = 15

// NewClasses is for k classes.
func NewClasses(k int) *Classes {
	c := &Classes{counts: make([][]int, k), shares: make([][]float32, k)}
	for i := range c.counts {
		c.counts[i] = make([]int, k)
	}
	return c
}

// Add takes logits [n, k] and the classes [n].
func (c *Classes) Add(logits, labels []float32) {
	k := len(c.counts)
	for i, label := range labels {
		row, answer, sum := logits[i*k:(i+1)*k], 0, 0.0
		for j, l := range row {
			if l > row[answer] {
				answer = j
			}
		}
		for _, l := range row {
			sum += math.Exp(float64(l) - float64(row[answer]))
		}
		for j, l := range row {
			c.shares[j] = append(c.shares[j], float32(math.Exp(float64(l)-float64(row[answer]))/sum))
		}
		c.labels = append(c.labels, int(label))
		c.counts[int(label)][answer]++
		c.logLoss += math.Log(sum) + float64(row[answer]) - float64(row[int(label)])
		bin := &c.bins[min(int(math.Ceil(calibrationBins/sum))-1, calibrationBins-1)]
		bin.n++
		bin.confidence += 1 / sum
		if answer == int(label) {
			bin.right++
		}
	}
}

// Confusion is how often samples of a class (row) were taken for one (column).
func (c *Classes) Confusion() [][]int { return c.counts }

// Values are what the samples up to now give.
func (c *Classes) Values() []Value {
	n := float64(len(c.labels))
	right, recall, precision, f1, present, met := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
	for i, row := range c.counts {
		of, answered := 0, 0
		for j, v := range row {
			of += v
			answered += c.counts[j][i]
		}
		if of+answered == 0 {
			continue
		}
		met++
		hit := float64(row[i])
		right += hit
		f1 += 2 * hit / float64(of+answered)
		if of > 0 {
			present++
			recall += hit / float64(of)
		}
		if answered > 0 {
			precision += hit / float64(answered)
		}
	}
	return []Value{{"accuracy", right / n}, {"balanced_accuracy", recall / present}, {"f1_macro", f1 / met}, {"f1_micro", right / n},
		{"precision_macro", precision / met}, {"recall_macro", recall / met}, {"roc_auc", c.area()}, {"log_loss", c.logLoss / n}, {"ece", c.calibration(n)}}
}

func (c *Classes) calibration(n float64) float64 {
	sum := 0.0
	for _, b := range c.bins {
		sum += math.Abs(b.right-b.confidence) / n
	}
	return sum
}

// area is the mean over classes, each against all others; of two classes both are the
// same.
func (c *Classes) area() float64 {
	sum, count := 0.0, 0.0
	for class, shares := range c.shares {
		if a := rocArea(shares, func(i int) bool { return c.labels[i] == class }); !math.IsNaN(a) {
			sum += a
			count++
		}
	}
	return sum / count
}

// rocArea is the chance that a positive sample has a higher score than a negative one,
// equal scores counting half; NaN where there are none of one kind.
func rocArea(scores []float32, positive func(i int) bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	ranks, yes := 0.0, 0.0
	for from := 0; from < len(order); {
		to, ties := from, 0.0
		for ; to < len(order) && scores[order[to]] == scores[order[from]]; to++ {
			if positive(order[to]) {
				ties++
			}
		}
		ranks += ties * (float64(from+1) + float64(to)) / 2
		yes += ties
		from = to
	}
	return (ranks - yes*(yes+1)/2) / (yes * (float64(len(scores)) - yes))
}

// Regression judges numbers against targets.
type Regression struct {
	r   *Reconstruction
	abs float64
}

// NewRegression is for dim outputs.
func NewRegression(dim int) *Regression { return &Regression{r: NewReconstruction(dim, nil)} }

// Add takes targets and outputs, [n, dim] each.
func (r *Regression) Add(targets, outputs []float32) {
	r.r.Add(targets, outputs)
	for i, t := range targets {
		r.abs += math.Abs(float64(t) - float64(outputs[i]))
	}
}

// Values are what the samples up to now give.
func (r *Regression) Values() []Value {
	of := r.r.Values()
	return []Value{of[0], {"rmse", math.Sqrt(of[0].Value)}, {"mae", r.abs / r.r.n / float64(r.r.dim)}, {"r2", 1 - of[1].Value}}
}
