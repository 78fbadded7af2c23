package vae

// Compat is the key of variants that pythae has too. docs/compat.md says which of what it
// does is wrong.
type Compat struct {
	Compat string `yaml:"compat" check:"oneof=pythae" doc:"the library whose reductions and rules are followed, see docs/compat.md"`
}

func (c Compat) pythae() bool { return c.Compat != "" }

// squares is what pythae's autoencoders without a distribution multiply our reconstruction term
// with: they sum squares without the ½ of the density.
func (c Compat) squares() float64 {
	if c.pythae() {
		return 2
	}
	return 1
}

// gaussianAlone holds that pythae's autoencoders without a distribution know squares alone.
func (c Compat) gaussianAlone(o Observation) (problems []string) {
	if c.pythae() && (o.Likelihood != "gaussian" || o.Sigma != 1) {
		problems = append(problems, "compat: this variant of pythae has likelihood gaussian with sigma 1 alone")
	}
	return problems
}
