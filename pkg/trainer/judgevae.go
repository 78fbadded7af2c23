package trainer

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// mixed is how many posteriors are mixed to q(z): the time is their number's square.
const mixed = 2048

// embedsAs says whether a model has an embedding of that name.
func (e *evaluation) embedsAs(m infer.Embedder, what string) (has bool) {
	failed := torch.Try(func() {
		torch.Scoped(func() {
			torch.NoGrad(func() {
				condition(m, []float32{0}, e.device)
				_, err := m.Embed(torch.Zeros(append([]int64{1}, e.data.Shape...), torch.On(e.device)), what, nil)
				has = err == nil
			})
		})
	})
	return has && failed == nil
}

// posterior is mu and s of q(z|x), both [B, K].
func posterior(m infer.Embedder, x *torch.Tensor) (mu, s *torch.Tensor, err error) {
	both, err := m.Embed(x, "mean_logvar", nil)
	if err != nil {
		return nil, nil, err
	}
	k := both.Size(1) / 2
	return both.Narrow(1, 0, k).Contiguous(), both.Narrow(1, k, k).Contiguous(), nil
}

// posteriorJudge looks at q(z|x) of a VAE, and at q(z).
type posteriorJudge struct {
	e          *evaluation
	model      infer.Embedder
	own        bool // the prior is the model's own, and its KL a term of the loss
	k          int
	all        *metrics.Posterior
	mu, logvar []float32 // of the first samples
}

func (j *posteriorJudge) add(b judged) error {
	mu, s, err := posterior(j.model, b.tensor)
	if err != nil {
		return err
	}
	if j.all == nil {
		j.k = int(mu.Size(1))
		j.all = metrics.NewPosterior(j.k)
	}
	m, l := mu.Float32s(), s.Float32s()
	j.all.Add(m, l)
	more := min(len(m), mixed*j.k-len(j.mu))
	j.mu, j.logvar = append(j.mu, m[:more]...), append(j.logvar, l[:more]...)
	return nil
}

func (j *posteriorJudge) values(ctx context.Context, _ map[string]any) ([]metrics.Value, error) {
	values := j.all.Values()
	if j.own {
		values = slices.DeleteFunc(values, func(v metrics.Value) bool { return v.Name == "kl" })
	}
	if j.e.limits.quick {
		return values, nil
	}
	draw, z := rand.New(rand.NewPCG(uint64(j.e.trained.config.Experiment.Seed), 0)), make([]float32, len(j.mu))
	for i := range z {
		z[i] = j.mu[i] + float32(math.Exp(float64(j.logvar[i])/2)*draw.NormFloat64())
	}
	together, err := metrics.Aggregated(ctx, j.mu, j.logvar, z, j.k)
	return append(values, together...), err
}

// codebookJudge looks at the codes of a VQ-VAE.
type codebookJudge struct {
	model infer.Embedder
	all   *metrics.Codebook
}

func (j *codebookJudge) add(b judged) error {
	codes, err := j.model.Embed(b.tensor, "indices", nil)
	if err != nil {
		return err
	}
	j.all.Add(codes.Float32s())
	return nil
}

func (j *codebookJudge) values(context.Context, map[string]any) ([]metrics.Value, error) {
	return j.all.Values(), nil
}

// codesOf is how many codes a model's codebook has; 0 for a model without one.
func codesOf(m any) int {
	for _, p := range nn.StateDict(m) {
		if strings.HasSuffix(p.Name, ".codebook") && p.Tensor.Dim() == 2 {
			return int(p.Tensor.Size(0))
		}
	}
	return 0
}

// drawsAtOnce is how many codes are decoded together, and numbersAtOnce how many numbers of
// samples they stand for.
const drawsAtOnce, numbersAtOnce = 2048, 1 << 25

// likelihood bounds ln p(x) by importance sampling; measures says what p(x|z) is.
func (e *evaluation) likelihood(ctx context.Context, m infer.Embedder, joint infer.Density, s *dataset.Split) (values []metrics.Value, measures string, err error) {
	gen := torch.NewGenerator(e.trained.config.Experiment.Seed, e.device)
	defer gen.Close()
	most := min(drawsAtOnce, int64(numbersAtOnce/e.dim()))
	all, binary := metrics.NewImportance(e.dim()), true
	err = e.each(ctx, e.data, s, e.limits.bounded, s.Name()+" likelihood", func(b judged) error {
		mu, logvar, err := posterior(m, b.tensor)
		if err != nil {
			return err
		}
		for _, v := range b.x {
			binary = binary && (v == 0 || v == 1)
		}
		weights := make([][]float64, mu.Size(0))
		for left := int64(e.limits.draws); left > 0; {
			n := min(left, max(1, most/mu.Size(0)))
			condition(e.model, repeated(b.labels, int(n)), e.device)
			torch.Scoped(func() {
				for i, v := range logWeights(joint, gen, b.tensor, mu, logvar, n) {
					weights[i/int(n)] = append(weights[i/int(n)], float64(v))
				}
			})
			left -= n
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		for _, w := range weights {
			all.Add(w)
		}
		return nil
	})
	measures = joint.Measures()
	if binary && measures == "unnormalised" {
		measures = "probability" // of zeros and ones it is one
	}
	return all.Values(), measures, err
}

// logWeights are ln p(x, z) - ln q(z|x) of n draws of z for each sample, [B, n].
func logWeights(m infer.Density, gen *torch.Generator, x, mu, logvar *torch.Tensor, n int64) []float32 {
	repeat := func(t *torch.Tensor) *torch.Tensor {
		shape := t.Shape()
		return t.Unsqueeze(1).Expand(append([]int64{shape[0], n}, shape[1:]...)).Reshape(append([]int64{shape[0] * n}, shape[1:]...))
	}
	mean, s := repeat(mu), repeat(logvar)
	eps := torch.Randn(mean.Shape(), gen, torch.Like(mean))
	z := mean.Add(s.MulScalar(0.5).Exp().Mul(eps))
	logQ := eps.Square().Add(s).AddScalar(math.Log(2*math.Pi)).SumDim([]int64{1}, false).MulScalar(-0.5)
	return m.LogJoint(repeat(x), z).Sub(logQ).Float32s()
}
