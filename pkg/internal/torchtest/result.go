package torchtest

import "testing"

// Result tells what a test found of a variant, such as vae/beta_vae: `make variants` makes
// the table of docs/variants.md of the results of tests that passed.
func Result(t testing.TB, variant, what string, figure float64) {
	t.Helper()
	t.Logf("result %s %s %g", variant, what, figure)
}
