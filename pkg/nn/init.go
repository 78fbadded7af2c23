package nn

import (
	"math"

	"github.com/gotrainer/trainer/pkg/torch"
)

// KaimingUniform fills like torch.nn.init.kaiming_uniform_(a=√5): uniform within
// ±√3·gain/√fanIn, gain = √(2/(1+a²)). It is the default of Linear and the
// convolutions (He et al. 2015, arXiv 1502.01852).
func KaimingUniform(fanIn int64) func(*torch.Tensor) {
	gain := math.Sqrt(2.0 / (1 + math.Pow(math.Sqrt(5), 2)))
	std := gain / math.Sqrt(float64(fanIn))
	return Uniform(math.Sqrt(3.0) * std)
}

// BiasUniform fills like the default bias of Linear and the convolutions: uniform
// within ±1/√fanIn.
func BiasUniform(fanIn int64) func(*torch.Tensor) {
	if fanIn == 0 {
		return zeros
	}
	return Uniform(1 / math.Sqrt(float64(fanIn)))
}

// Uniform fills with numbers of [-bound, bound) from the default generator.
func Uniform(bound float64) func(*torch.Tensor) {
	return func(t *torch.Tensor) { t.Uniform_(-bound, bound) }
}
