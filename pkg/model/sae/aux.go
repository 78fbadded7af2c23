package sae

import "github.com/gotrainer/trainer/pkg/torch"

// Auxiliary is the keys of the auxiliary loss.
type Auxiliary struct {
	AuxK           *int64  `yaml:"aux_k" check:"min=1" doc:"the number of dead latents that the auxiliary loss uses in one sample; half the input's dimensions by default"`
	AuxCoefficient float64 `yaml:"aux_coefficient" default:"0.03125" defaults:"compat=saelens-6: 1.0; compat=sparsify: 0" check:"min=0" doc:"the weight of the auxiliary loss"`
}

func (c Auxiliary) problems(latents int64) []string {
	if c.AuxK != nil && *c.AuxK > latents {
		return []string{tooMany("aux_k", *c.AuxK, latents)}
	}
	return nil
}

// latents are as many dead latents as one sample uses.
func (c Auxiliary) latents(s *Core) int64 {
	if c.AuxK != nil {
		return *c.AuxK
	}
	return max(1, min(s.outputs()/2, s.config.DSAE))
}

// auxK is the auxiliary loss of Gao et al. 2024 (arXiv 2406.04093, appendix A.2): the
// codes f of the dead latents alone reconstruct the residual e,
//
//	mean_B |e - f_dead W_dec|² / Var(e)
//
// without b_dec, which e lacks already, and with e detached: live latents are not
// pulled towards what dead ones can express. It is 0 where nothing is dead or e has no
// variance.
func (s *Core) auxK(e, values, latents, dead *torch.Tensor) *torch.Tensor {
	e = e.Detach()
	total := variance(e)
	flat := total.Gt(0).LogicalNot()
	// Divided by 1 instead of 0: a gradient of 0·∞ would be NaN even where it is masked.
	loss := squared(e.Sub(values.SparseDecode(latents, s.WDec, nil))).Div(total.MaskedFill(flat, 1))
	return loss.MaskedFill(dead.Any().LogicalNot(), 0).MaskedFill(flat, 0)
}

// noneDead says that the auxiliary loss is known to be 0. A GPU is not asked: the host
// would wait for it, and a captured step is the same each time.
func noneDead(dead *torch.Tensor) bool {
	return !dead.Device().IsCUDA() && dead.Any().Item() == 0
}
