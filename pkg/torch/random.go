package torch

import "github.com/gotrainer/trainer/cgo"

// Seed seeds libtorch's default generators, as torch.manual_seed does.
func Seed(seed int64) {
	if err := cgo.Seed(seed); err != nil {
		fail("seed", err)
	}
}

// RNGState is the state of the default generator of a device: 5056 bytes for the
// CPU, what torch.set_rng_state takes.
func RNGState(d Device) []byte {
	var state []byte
	Scoped(func() {
		h, err := cgo.GetRNG(int64(d))
		state = own(must("get_rng_state", h, err)).Raw()
	})
	return state
}

// SetRNGState restores what RNGState gave.
func SetRNGState(d Device, state []byte) {
	Scoped(func() {
		t := FromBytes(state, Uint8, []int64{int64(len(state))})
		if err := cgo.SetRNG(int64(d), t.handle("set_rng_state")); err != nil {
			fail("set_rng_state", err, operand{"state", t})
		}
	})
}

// Generator draws random numbers of its own, apart from the default generators.
type Generator struct{ h cgo.Generator }

// NewGenerator makes a seeded generator for a device. Close frees it.
func NewGenerator(seed int64, d Device) *Generator {
	h, err := cgo.NewGenerator(seed, int64(d))
	return &Generator{must("generator", h, err)}
}

// Close frees the generator.
func (g *Generator) Close() {
	if g.h != nil {
		cgo.FreeGenerator(g.h)
		g.h = nil
	}
}

// Randn draws standard normal numbers, from g or, where g is nil, from the default
// generator of the device.
func Randn(shape []int64, g *Generator, opts ...Option) *Tensor {
	dtype, device := gather(opts)
	var h cgo.Generator
	if g != nil {
		h = g.h
	}
	out, err := cgo.Normal(shape, dtype, device, h)
	return made("randn", shape, out, err)
}

// Uniform_ fills t in place with numbers of [low, high) from the default generator.
func (t *Tensor) Uniform_(low, high float64) {
	if err := cgo.Uniform_(t.handle("uniform"), low, high); err != nil {
		fail("uniform", err, operand{"input", t})
	}
}

// Normal_ fills t in place with normal numbers from the default generator.
func (t *Tensor) Normal_(mean, std float64) {
	if err := cgo.Normal_(t.handle("normal"), mean, std); err != nil {
		fail("normal", err, operand{"input", t})
	}
}
