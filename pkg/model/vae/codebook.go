package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// codebook is the C codes of E numbers of a VQ-VAE. They are moving averages of the vectors
// that they stand for (van den Oord et al. 2017, arXiv 1711.00937, appendix A.1), or are
// learned by the optimizer.
//
// A training pass only adds to the step's own counts and sums; AfterStep takes them once,
// however many batches a step has.
type codebook struct {
	Learned  *torch.Tensor `torch:"codebook"`        // [C, E]; nil where codes are averages
	Averaged *torch.Tensor `torch:"codebook,buffer"` // [C, E]; nil where codes are learned
	Usage    *torch.Tensor `torch:"usage,buffer"`    // [C], how many vectors of a step each code stands for, on average
	Sums     *torch.Tensor `torch:"sums,buffer"`     // [C, E], what they add up to, on average; nil where codes are learned

	StepCount  *torch.Tensor `torch:"step_count,state"` // [C], of the step so far; 0 between steps
	StepSum    *torch.Tensor `torch:"step_sum,state"`   // [C, E]
	Candidates *torch.Tensor `torch:"candidates,state"` // [C, E], vectors of the last batch that dead codes restart from

	decay, restartBelow float64
	fromData            bool
	compounds           bool // smoothed usage becomes the usage, as in pythae
}

// CodebookConfig describes it.
type CodebookConfig struct {
	Codes        int64   `yaml:"codes" default:"512" check:"min=2" doc:"the number of codes"`
	Codebook     string  `yaml:"codebook" default:"ema" defaults:"compat=pythae: gradient" check:"oneof=ema|gradient" doc:"how codes follow the vectors that they stand for: as their moving averages, or by a loss of their own"`
	CodebookInit string  `yaml:"codebook_init" default:"uniform" check:"oneof=uniform|kmeans" when:"compat=" doc:"where codes begin: uniform between -1/codes and 1/codes, or at the centres of the vectors of the first batch, after 10 rounds of k-means"`
	Decay        float64 `yaml:"decay" default:"0.99" check:"min=0,lt=1" doc:"how much of the averages a step keeps: of codes, and of how often each is used"`
	RestartBelow float64 `yaml:"restart_below" default:"1.0" defaults:"compat=pythae: 0" check:"min=0" doc:"a code that stands for fewer vectors of a step, on average, begins again at one of them; 0 lets codes die"`
}

// newCodebook is for codes of e numbers. pythae's averages begin with no usage, and with sums that
// are not those of the codes.
func newCodebook(c CodebookConfig, e int64, pythae bool, o nn.Options) *codebook {
	shape, zero := []int64{c.Codes, e}, func(t *torch.Tensor) { t.Fill_(0) }
	b := &codebook{decay: c.Decay, restartBelow: c.RestartBelow, fromData: c.CodebookInit == "kmeans", compounds: pythae}
	if c.Codebook == "gradient" {
		b.Learned = o.Param(shape, nn.Uniform(1/float64(c.Codes)))
	} else {
		b.Averaged = o.Buffer(shape, o.DType, nn.Uniform(1/float64(c.Codes)))
		b.Sums = o.Buffer(shape, o.DType, func(t *torch.Tensor) { t.Copy_(b.Averaged) })
	}
	b.Usage = o.Buffer([]int64{c.Codes}, o.DType, func(t *torch.Tensor) { t.Fill_(1) })
	if pythae && b.Sums != nil {
		torch.NoGrad(func() {
			b.Usage.Fill_(0)
			nn.Uniform(1 / float64(c.Codes))(b.Sums)
		})
	}
	b.StepCount = o.Buffer([]int64{c.Codes}, o.DType, zero)
	b.StepSum, b.Candidates = o.Buffer(shape, o.DType, zero), o.Buffer(shape, o.DType, zero)
	return b
}

func (b *codebook) codes() *torch.Tensor {
	if b.Learned != nil {
		return b.Learned
	}
	return b.Averaged
}

// nearest is the index of the code that stands for each vector v [N, E].
func (b *codebook) nearest(v *torch.Tensor) *torch.Tensor {
	return v.Detach().NearestRows(b.codes().Detach())
}

// counts are how many vectors each code stands for, [C].
func (b *codebook) counts(index, like *torch.Tensor) *torch.Tensor {
	return shared(index, b.Usage.Size(0), like)
}

// begin puts the codes at the centres of the vectors v [N, E] of a batch, as if each had stood for
// as many of them before. A batch that is not finite leaves them where they are. It runs without
// recording.
func (b *codebook) begin(v *torch.Tensor) {
	lost := v.NonFinite().Gt(0)
	keep := func(old, value *torch.Tensor) { old.Copy_(lost.Where(old, value)) }
	centres := kmeans(v, b.Usage.Size(0))
	usage := b.counts(v.NearestRows(centres), v).ClampMin(1)
	keep(b.codes(), centres)
	keep(b.Usage, usage)
	if b.Sums != nil {
		keep(b.Sums, centres.Mul(smoothed(usage).Unsqueeze(1)))
	}
}

// note keeps what a training batch of vectors v [N, E] says of the codes, without history.
// One that is not finite says nothing.
func (b *codebook) note(v, index, counts *torch.Tensor, noise model.Noise) {
	v = v.Detach()
	lost := v.NonFinite().Gt(0)
	b.StepCount.Add_(counts.MaskedFill(lost, 0))
	if b.Sums != nil {
		b.StepSum.Add_(torch.Zeros(b.StepSum.Shape(), torch.Like(v)).IndexAdd(0, index, v).MaskedFill(lost, 0))
	}
	if b.restartBelow > 0 {
		restart := v.IndexSelect(0, b.drawn(v, noise))
		restart = restart.Add(noise.Randn(restart.Shape(), v).Mul(deviation(v).MulScalar(restartNoise)))
		b.Candidates.Copy_(lost.Where(b.Candidates, restart))
	}
}

// restartNoise is that of a code that begins again, in deviations of the batch's vectors: two
// that begin at the same vector part.
const restartNoise = 0.01

// deviation is the standard deviation of each dimension of vectors v [N, E], [E].
func deviation(v *torch.Tensor) *torch.Tensor {
	return v.Sub(v.MeanDim([]int64{0}, true)).Square().MeanDim([]int64{0}, false).Sqrt()
}

// drawn are the indices of C of the vectors [N, E] by chance: different ones where N ≥ C.
func (b *codebook) drawn(v *torch.Tensor, noise model.Noise) *torch.Tensor {
	n, c := v.Size(0), b.Usage.Size(0)
	_, order := noise.Randn([]int64{n}, v).Sort(0, false)
	rounds := []*torch.Tensor{order}
	for have := n; have < c; have += n {
		rounds = append(rounds, order)
	}
	return torch.Cat(rounds, 0).Narrow(0, 0, c)
}

// codebookEps keeps the average of a code that is never used finite.
const codebookEps = 1e-5

// AfterStep moves the averages by the step's counts and sums, with d the decay:
//
//	n_c = d·n_c + (1-d)·count_c    s_c = d·s_c + (1-d)·sum_c    e_c = s_c / n̂_c
//	n̂_c = (n_c + ε) / (Σ n + C·ε) · Σ n
//
// n_c itself stays as it is: smoothing would compound. A code whose n_c falls below the
// threshold restarts near a vector of the batch (Dhariwal et al. 2020, arXiv 2005.00341,
// section 3.1), as if it stood for one. It runs without recording.
func (b *codebook) AfterStep() {
	idle := b.StepCount.Sum().Gt(0).LogicalNot() // no batch of the step was finite
	mix := func(old, now *torch.Tensor) *torch.Tensor {
		return old.MulScalar(b.decay).Add(now.MulScalar(1 - b.decay))
	}
	usage := mix(b.Usage, b.StepCount)
	dead := b.dead(usage)
	usage = usage.MaskedFill(dead, 1)
	code := b.codes()
	next := code
	if b.Sums != nil {
		sums := dead.Unsqueeze(1).Where(b.Candidates, mix(b.Sums, b.StepSum))
		n := smoothed(usage)
		next = sums.Div(n.Unsqueeze(1))
		if b.compounds {
			usage = n
		}
		b.Sums.Copy_(idle.Where(b.Sums, sums))
	}
	code.Copy_(idle.Where(code, dead.Unsqueeze(1).Where(b.Candidates, next)))
	b.Usage.Copy_(idle.Where(b.Usage, usage))
	b.StepCount.Fill_(0)
	b.StepSum.Fill_(0)
}

// smoothed is n̂ of usage n, [C].
func smoothed(usage *torch.Tensor) *torch.Tensor {
	total := usage.Sum()
	return usage.AddScalar(codebookEps).Div(total.AddScalar(codebookEps * float64(usage.Size(0)))).Mul(total)
}

// dead says which codes restart, [C] bool: those below the threshold, or below a tenth of the
// mean where that is less, as for batches of fewer vectors than codes.
func (b *codebook) dead(usage *torch.Tensor) *torch.Tensor {
	limit := usage.Mean().MulScalar(0.1).Clamp(0, b.restartBelow)
	return usage.Sub(limit).Lt(0)
}

// perplexity is exp(-Σ p ln p) of the shares p of the codes: how many codes are in use, where
// all are used alike.
func perplexity(counts *torch.Tensor) *torch.Tensor {
	p := counts.Div(counts.Sum())
	return p.Mul(p.ClampMin(1e-30).Log()).Sum().Neg().Exp()
}
