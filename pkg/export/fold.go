package export

import (
	"math"
	"slices"
)

// FoldInput makes an SAE for x of one that was trained on (x - shift) / scale, both of n
// numbers: f is the same, and x^ comes out in the units of x. With b_dec subtracted,
//
//	W_enc /= scale,  W_dec *= scale,  b_dec = b_dec·scale + shift
//
// by input and output; thresholds are compared with h, which stays. An SAE that is not
// centred has the shift in b_enc instead. For one factor c on inputs, scale is 1/c: what
// SAELens calls expected_average_only_in. The outputs of a transcoder have units of their
// own, which stay; W_skip is folded as W_enc is.
func (s *SAE) FoldInput(shift, scale []float64) error {
	if s.PerSample != "" {
		return refuse("%s comes after another normalisation of the data, and no weights can express the two", s.PerSample)
	}
	s.own()
	for i := range s.In {
		row := s.WEnc[i*s.Latents:][:s.Latents]
		for j, w := range row {
			row[j] = float32(float64(w) / scale[i])
		}
	}
	if s.Transcodes {
		s.foldSkip(shift, scale)
	} else {
		s.foldOutput(shift, scale)
	}
	if !s.Centered {
		s.moveBias(shift, -1)
	}
	return nil
}

// foldOutput brings reconstructions back into the units of x.
func (s *SAE) foldOutput(shift, scale []float64) {
	for j := range s.Latents {
		row := s.WDec[j*s.Out:][:s.Out]
		for i, w := range row {
			row[i] = float32(float64(w) * scale[i])
		}
	}
	for i, b := range s.BDec {
		s.BDec[i] = float32(float64(b)*scale[i] + shift[i])
	}
}

// foldSkip takes shift and scale into what outputs have of the input itself.
func (s *SAE) foldSkip(shift, scale []float64) {
	if s.WSkip == nil {
		return
	}
	for o := range s.Out {
		row, moved := s.WSkip[o*s.In:][:s.In], 0.0
		for i, w := range row {
			row[i] = float32(float64(w) / scale[i])
			moved += shift[i] * float64(row[i])
		}
		s.BDec[o] = float32(float64(s.BDec[o]) - moved)
	}
}

// FoldNorms gives the decoder's rows the norm 1 and every latent the activation that it
// then needs: f_i |W_dec,i|. Rows of zeros stay. It changes which latents topk chooses,
// and is refused there.
func (s *SAE) FoldNorms() error {
	if s.Code == TopK {
		return refuse("decoder norms cannot be folded into topk: scaled activations have another order, and other latents would be chosen")
	}
	s.own()
	for j := range s.Latents {
		row := s.WDec[j*s.Out:][:s.Out]
		square := 0.0
		for _, w := range row {
			square += float64(w) * float64(w)
		}
		norm := math.Sqrt(square)
		if norm == 0 {
			continue
		}
		for i, w := range row {
			row[i] = float32(float64(w) / norm)
		}
		for i := range s.In {
			w := &s.WEnc[i*s.Latents+j]
			*w = float32(float64(*w) * norm)
		}
		// r_mag is the logarithm of a factor on what is scaled already.
		for _, bias := range [][]float32{s.BEnc, s.Threshold, s.BGate, s.BMag} {
			if bias != nil {
				bias[j] = float32(float64(bias[j]) * norm)
			}
		}
	}
	return nil
}

// center says whether b_dec is subtracted from inputs, and moves b_dec W_enc between
// there and the bias of the encoder so that h stays.
func (s *SAE) center(want bool) {
	if s.Centered == want {
		return
	}
	s.own()
	middle := make([]float64, len(s.BDec))
	for i, b := range s.BDec {
		middle[i] = float64(b)
	}
	sign := 1.0
	if !want {
		sign = -1
	}
	s.moveBias(middle, sign)
	s.Centered = want
}

// moveBias adds sign·v W_enc to the encoder's bias, v of n numbers. Of a gated one it is
// c that gets it: b_gate as it is, b_mag e^r_mag times.
func (s *SAE) moveBias(v []float64, sign float64) {
	move := make([]float64, s.Latents)
	for i, x := range v {
		for j, w := range s.WEnc[i*s.Latents:][:s.Latents] {
			move[j] += x * float64(w)
		}
	}
	for j, d := range move {
		if s.Code != Gated {
			s.BEnc[j] = float32(float64(s.BEnc[j]) + sign*d)
			continue
		}
		s.BGate[j] = float32(float64(s.BGate[j]) + sign*d)
		s.BMag[j] = float32(float64(s.BMag[j]) + sign*d*math.Exp(float64(s.RMag[j])))
	}
}

// own makes the arrays the SAE's own: the state that they came from stays as it is.
func (s *SAE) own() {
	if s.owned {
		return
	}
	s.owned = true
	for _, a := range []*[]float32{&s.WEnc, &s.BEnc, &s.WDec, &s.BDec, &s.Threshold, &s.BGate, &s.BMag, &s.RMag, &s.WSkip} {
		*a = slices.Clone(*a)
	}
}

// unitRows says whether all decoder rows have the norm 1, as far as float32 tells.
func (s *SAE) unitRows() bool {
	for j := range s.Latents {
		square := 0.0
		for _, w := range s.WDec[j*s.Out:][:s.Out] {
			square += float64(w) * float64(w)
		}
		if math.Abs(math.Sqrt(square)-1) > 1e-5 {
			return false
		}
	}
	return true
}
