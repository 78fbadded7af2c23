package metrics

import "math"

// Classes judges a classifier.
type Classes struct {
	counts  [][]int // [class][answer]
	logLoss float64
}

// NewClasses is for k classes.
func NewClasses(k int) *Classes {
	c := &Classes{counts: make([][]int, k)}
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
		c.counts[int(label)][answer]++
		c.logLoss += math.Log(sum) + float64(row[answer]) - float64(row[int(label)])
	}
}

// Confusion is how often samples of a class (row) were taken for one (column).
func (c *Classes) Confusion() [][]int { return c.counts }

// Values are what the samples up to now give; a class without samples counts in none of
// the means over classes.
func (c *Classes) Values() []Value {
	var n, right, balanced, f1, present float64
	answered := make([]int, len(c.counts))
	for _, row := range c.counts {
		for j, v := range row {
			answered[j] += v
		}
	}
	for i, row := range c.counts {
		of := 0
		for _, v := range row {
			of += v
		}
		if of == 0 {
			continue
		}
		present++
		n += float64(of)
		right += float64(row[i])
		balanced += float64(row[i]) / float64(of)
		f1 += 2 * float64(row[i]) / float64(of+answered[i])
	}
	return []Value{{"accuracy", right / n}, {"balanced_accuracy", balanced / present}, {"f1_macro", f1 / present}, {"log_loss", c.logLoss / n}}
}

// Regression judges numbers against targets.
type Regression struct {
	r   *Reconstruction
	abs float64
}

// NewRegression is for dim outputs.
func NewRegression(dim int) *Regression { return &Regression{r: NewReconstruction(dim)} }

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
	return []Value{{"mse", of[0].Value}, {"mae", r.abs / r.r.n / float64(r.r.dim)}, {"r2", 1 - of[1].Value}}
}
