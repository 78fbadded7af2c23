package npy

import "math"

// Float16To32 converts IEEE half-precision bits; every value is exact, and a NaN
// keeps its payload.
func Float16To32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24, exact in float32
		v := math.Float32bits(float32(frac) * 0x1p-24)
		return math.Float32frombits(v | sign)
	case 31: // infinity and NaN
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// Float32To16 rounds to the nearest half-precision value, ties to even. What is
// too large becomes infinity, a NaN stays one.
func Float32To16(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN: keep it one even if the payload's top bits are zero
		return sign | 0x7e00 | uint16(b>>13)&0x3ff
	case b >= 0x477ff000: // 65520 and more round to infinity
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: the float adder rounds to multiples of 2^-24
		v := math.Float32bits(math.Float32frombits(b) + 0.5)
		return sign | uint16(v-0x3f000000)
	}
	b += 0xfff + b>>13&1 // round half to even
	return sign | uint16(b>>13-112<<10)
}
