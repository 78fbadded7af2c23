package export

import "fmt"

// Code is how f is made of h.
type Code string

// The codes.
const (
	ReLU      Code = "relu"      // relu(h)
	TopK      Code = "topk"      // the K largest of relu(h) of each sample
	Threshold Code = "threshold" // relu(h) where it is above a threshold
	Gated     Code = "gated"     // where c + b_gate > 0, relu(e^r_mag c + b_mag), c = (x - b_dec) W_enc
)

// SAE is a sparse autoencoder as arrays, whatever its layout. Arrays lie in C order; those
// that its code has no use for are nil.
type SAE struct {
	Code             Code
	In, Out, Latents int // n, o, m

	WEnc, BEnc        []float32 // [n, m], [m]
	WDec, BDec        []float32 // [m, o], [o]
	Threshold         []float32 // [m]
	BGate, BMag, RMag []float32 // [m]
	WSkip             []float32 // [o, n]; x^ has W_skip x added

	// Centered says that b_dec is subtracted from inputs.
	Centered bool
	// Transcodes says that what is reconstructed is not the input.
	Transcodes bool
	// PerSample is the normalisation of each sample by numbers of its own: empty,
	// layer_norm or constant_norm_rescale, as SAELens has them.
	PerSample string

	// ByNorm says that codes are activations times the norms of their decoder rows, which
	// decode by rows of norm 1. FromState folds that into the weights.
	ByNorm bool

	Variant  string  // trainer's name
	K        float64 // active latents a sample, where training had that
	Prefixes []int64 // of matryoshka: the numbers of latents that reconstruct alone

	// Densities are the shares of samples that activate each latent; nil where they are not
	// known.
	Densities []float32

	owned bool // the arrays are nobody else's
}

// arrays are all arrays of the SAE with trainer's names, in its order.
func (s *SAE) arrays() []array {
	m := int64(s.Latents)
	list := []array{
		{"W_enc", []int64{int64(s.In), m}, s.WEnc}, {"b_enc", []int64{m}, s.BEnc},
		{"W_dec", []int64{m, int64(s.Out)}, s.WDec}, {"b_dec", []int64{int64(s.Out)}, s.BDec},
		{"threshold", []int64{m}, s.Threshold},
		{"b_gate", []int64{m}, s.BGate}, {"b_mag", []int64{m}, s.BMag}, {"r_mag", []int64{m}, s.RMag},
		{"W_skip", []int64{int64(s.Out), int64(s.In)}, s.WSkip},
	}
	var have []array
	for _, a := range list {
		if a.values != nil {
			have = append(have, a)
		}
	}
	return have
}

// needs are the names of the arrays of a code.
var needs = map[Code][]string{
	ReLU:      {"W_enc", "b_enc", "W_dec", "b_dec"},
	TopK:      {"W_enc", "b_enc", "W_dec", "b_dec"},
	Threshold: {"W_enc", "b_enc", "W_dec", "b_dec", "threshold"},
	Gated:     {"W_enc", "W_dec", "b_dec", "b_gate", "b_mag", "r_mag"},
}

// take sets the arrays from those of a file: the code's, and W_skip where it is given. A
// threshold of one number is that of every latent.
func (s *SAE) take(from arrays) error {
	into := map[string]*[]float32{
		"W_enc": &s.WEnc, "b_enc": &s.BEnc, "W_dec": &s.WDec, "b_dec": &s.BDec, "threshold": &s.Threshold,
		"b_gate": &s.BGate, "b_mag": &s.BMag, "r_mag": &s.RMag, "W_skip": &s.WSkip,
	}
	names := needs[s.Code]
	if from.has("W_skip") {
		names = append(names[:len(names):len(names)], "W_skip")
	}
	for _, name := range names {
		a, err := from.get(name)
		if err != nil {
			return err
		}
		switch name {
		case "W_enc":
			if len(a.shape) != 2 || len(a.values) == 0 { // with values, the file is as large as what is made of it
				return refuse("W_enc has the shape %v, expected two dimensions, neither of them 0", a.shape)
			}
			s.In, s.Latents = int(a.shape[0]), int(a.shape[1])
		case "b_dec":
			s.Out = len(a.values)
		case "threshold":
			if len(a.values) == 1 && s.Latents > 1 {
				a = array{name, []int64{int64(s.Latents)}, repeated(a.values[0], s.Latents)}
			}
		}
		*into[name] = a.values
	}
	return s.check()
}

// check holds that the arrays have the shapes that n, o and m give.
func (s *SAE) check() error {
	if s.In < 1 || s.Out < 1 || s.Latents < 1 {
		return refuse("%d inputs, %d latents and %d outputs are no sparse autoencoder", s.In, s.Latents, s.Out)
	}
	for _, a := range s.arrays() {
		want := int64(1)
		for _, d := range a.shape {
			want *= d
		}
		if int64(len(a.values)) != want {
			return refuse("%s has %d numbers, expected %d: the shape %v of %d inputs, %d latents and %d outputs", a.name, len(a.values), want, a.shape, s.In, s.Latents, s.Out)
		}
	}
	if s.Code == TopK && (s.K != float64(int64(s.K)) || s.K < 1 || s.K > float64(s.Latents)) {
		return refuse("k is %v, expected a whole number from 1 to %d, the number of latents", s.K, s.Latents)
	}
	return nil
}

func repeated(v float32, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// String names it in messages.
func (s *SAE) String() string {
	return fmt.Sprintf("%s, %d latents of %d numbers", s.Variant, s.Latents, s.In)
}
