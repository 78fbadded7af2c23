package dataset

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// Purposes keep the random streams of one seed apart.
const (
	forSplit uint64 = iota + 1
	forOrder
	forShapes
	forAtoms
	forSamples
	forAugment
	forStrata
	forBlocks
	forWindow
)

// generator is a stream of random numbers that is a pure function of its three
// arguments. Only the bits come from math/rand/v2, whose PCG is fixed for good;
// what is made of them is here, so that no Go release can change an order.
type generator struct {
	pcg    rand.PCG
	spare  float64
	spared bool
}

func newGenerator(seed int64, purpose, number uint64) *generator {
	g := new(generator)
	g.pcg.Seed(scramble(uint64(seed)+purpose*0x9e3779b97f4a7c15), scramble(number^purpose<<56))
	return g
}

// scramble is a bijection that spreads neighbouring numbers far apart (the
// finaliser of SplitMix64).
func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is uniform in [0, n), without bias (Lemire's method). n > 0.
func (g *generator) below(n uint64) uint64 {
	hi, lo := bits.Mul64(g.pcg.Uint64(), n)
	if lo < n {
		for limit := -n % n; lo < limit; {
			hi, lo = bits.Mul64(g.pcg.Uint64(), n)
		}
	}
	return hi
}

// uniform is in [0, 1), a multiple of 2^-53.
func (g *generator) uniform() float64 { return float64(g.pcg.Uint64()>>11) * 0x1p-53 }

// normal has mean 0 and standard deviation 1 (the polar method, two at a time).
func (g *generator) normal() float64 {
	if g.spared {
		g.spared = false
		return g.spare
	}
	for {
		u, v := 2*g.uniform()-1, 2*g.uniform()-1
		s := float64(u*u) + float64(v*v)
		if s >= 1 || s == 0 {
			continue
		}
		f := math.Sqrt(-2 * math.Log(s) / s)
		g.spare, g.spared = v*f, true
		return u * f
	}
}

// shuffle puts v in a random order (Fisher-Yates).
func shuffle[T any](g *generator, v []T) {
	for i := len(v) - 1; i > 0; i-- {
		j := g.below(uint64(i) + 1)
		v[i], v[j] = v[j], v[i]
	}
}
