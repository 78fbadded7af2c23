package gpu

import (
	"bufio"
	"math"
	"os"
	"regexp"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch"
)

// opCase is an op applied to some tensors. The float ones among them get gradients
// where the op has any.
type opCase struct {
	in   []input
	f    func(a []*torch.Tensor) *torch.Tensor
	flat bool // the op has no gradient
}

// input makes an operand on the CPU.
type input func(d torch.DType) *torch.Tensor

type tensors = []*torch.Tensor

// wave has different elements of both signs, none of them near 0 or 1.
func wave(shape ...int64) input {
	return func(d torch.DType) *torch.Tensor {
		n := int64(1)
		for _, s := range shape {
			n *= s
		}
		v := make([]float64, n)
		for i := range v {
			v[i] = 1.7*math.Sin(1.3*float64(i)+float64(len(shape))) + 0.01
		}
		return torch.FromFloat64s(v, shape).To(d)
	}
}

// positive is a wave above 0.2.
func positive(shape ...int64) input {
	return func(d torch.DType) *torch.Tensor { return wave(shape...)(d).Abs().AddScalar(0.2) }
}

// share is a wave between 0 and 1.
func share(shape ...int64) input {
	return func(d torch.DType) *torch.Tensor { return wave(shape...)(d).Sigmoid() }
}

func integers(v ...int64) input {
	return func(torch.DType) *torch.Tensor { return torch.FromInt64s(v, []int64{int64(len(v))}) }
}

func unary(f func(a *torch.Tensor) *torch.Tensor) opCase {
	return opCase{in: []input{wave(3, 5)}, f: func(a tensors) *torch.Tensor { return f(a[0]) }}
}

func binary(f func(a, b *torch.Tensor) *torch.Tensor) opCase {
	return opCase{in: []input{wave(3, 5), positive(5)}, f: func(a tensors) *torch.Tensor { return f(a[0], a[1]) }}
}

func constant(f func(a *torch.Tensor) *torch.Tensor) opCase {
	c := unary(f)
	c.flat = true
	return c
}

// onClone is an op in place, on a copy of its operand.
func onClone(f func(a, b *torch.Tensor)) opCase {
	return opCase{flat: true, in: []input{wave(3, 5), positive(5)}, f: func(a tensors) *torch.Tensor {
		c := a[0].Clone()
		f(c, a[1])
		return c
	}}
}

// tolerances of the largest element, by type: sums in another order.
var tolerances = map[torch.DType]float64{torch.Float64: 1e-11, torch.Float32: 2e-5}

func TestEveryOpComputesWhatItComputesOnTheCPU(t *testing.T) {
	for name, c := range opCases() {
		for dtype, tolerance := range tolerances {
			t.Run(name+"/"+dtype.String(), func(t *testing.T) {
				run(t, func() error {
					want, got := c.compute(dtype, torch.CPU), c.compute(dtype, device)
					for i := range want {
						if d := gap(got[i], want[i]); !(d <= tolerance) {
							t.Errorf("result %d (0 is the output, then gradients) differs by %.2g of its largest value", i, d)
						}
					}
					return nil
				})
			})
		}
	}
}

// compute gives the output and the gradients of the float operands.
func (c opCase) compute(dtype torch.DType, d torch.Device) [][]float64 {
	var a tensors
	for _, in := range c.in {
		x := in(dtype).On(d)
		if !c.flat && x.DType() == dtype {
			x.SetRequiresGrad(true)
		}
		a = append(a, x)
	}
	y := c.f(a)
	results := [][]float64{y.Detach().To(torch.Float64).Float64s()}
	if c.flat {
		return results
	}
	weights := wave(y.Shape()...)(dtype).On(d)
	y.Mul(weights).Sum().Backward()
	for _, x := range a {
		if g := x.Grad(); g != nil {
			results = append(results, g.Float64s())
		}
	}
	return results
}

var opLine = regexp.MustCompile(`^(\w+)\(`)

func TestEveryOpOfTheTableHasACase(t *testing.T) {
	f, err := os.Open(beside("cgo/ops.tbl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cases, section := opCases(), ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if line := lines.Text(); len(line) > 0 && line[0] == '[' {
			section = line
		} else if m := opLine.FindStringSubmatch(line); m != nil && section == "[ops]" {
			if _, ok := cases[m[1]]; !ok {
				t.Errorf("%s has no case in this suite; add one to opCases", m[1])
			}
			delete(cases, m[1])
		}
	}
	for name := range cases {
		t.Errorf("%s is not in the table of ops", name)
	}
}
