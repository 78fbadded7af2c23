package export

import "github.com/gotrainer/trainer/pkg/checkpoint"

// FromState completes an SAE, of which the code and what it needs besides arrays are set,
// with the arrays of a model's state dict. Extra entries are passed over. The arrays are
// shared with nothing.
func FromState(s SAE, state *checkpoint.Dict) (*SAE, error) {
	l := &arrays{}
	for key, v := range state.All() {
		t, isTensor := v.(*checkpoint.Tensor)
		name, isName := key.(string)
		if !isTensor || !isName {
			return nil, refuse("model_state_dict has the entry %v, expected named tensors", key)
		}
		if err := l.add(name, codes[t.DType], t.Shape, t.Data); err != nil {
			return nil, err
		}
	}
	l.rename(map[string]string{"W_skip": "W_skipᵀ"}) // trainer multiplies from the left
	s.owned = true
	if err := s.take(*l); err != nil {
		return nil, err
	}
	if s.ByNorm {
		return &s, s.foldScores()
	}
	return &s, nil
}

// State is the model's state dict in trainer, where the thresholds of batch_topk and
// matryoshka are one number.
func (s *SAE) State() *checkpoint.Dict {
	d := &checkpoint.Dict{Ordered: true}
	for _, a := range s.arrays() {
		if a.name == "threshold" && s.sharedThreshold() {
			a.shape, a.values = []int64{}, a.values[:1]
		}
		if a.name == "W_skip" {
			a = array{a.name, []int64{a.shape[1], a.shape[0]}, transposed(a.values, s.Out, s.In)}
		}
		d.Set(a.name, tensorOf(a))
	}
	return d
}

func (s *SAE) sharedThreshold() bool { return s.Variant == "batch_topk" || s.Variant == "matryoshka" }

// Model is the model section of a config that builds it.
func (s *SAE) Model() map[string]any {
	m := map[string]any{"type": "sae", "variant": s.Variant, "d_sae": s.Latents}
	if s.Transcodes {
		m["activation"] = string(s.Code)
		if s.Code == TopK {
			m["k"] = int64(s.K)
		}
		return m
	}
	switch s.Variant {
	case "topk":
		m["k"] = int64(s.K)
	case "batch_topk", "matryoshka":
		m["k"] = s.K
	}
	if s.Prefixes != nil {
		m["prefixes"] = s.Prefixes
	}
	if !s.unitRows() {
		m["decoder_constraint"] = "none"
	}
	if !s.Centered {
		m["apply_b_dec_to_input"] = false
	}
	if s.PerSample != "" {
		m["normalize_activations"] = s.PerSample
	}
	return m
}

// Number is the value of a tensor of one number.
func Number(t *checkpoint.Tensor) (float64, error) {
	v, err := floats(codes[t.DType], t.Data)
	if err == nil && len(v) != 1 {
		err = refuse("a tensor of shape %v is no number", t.Shape)
	}
	if err != nil {
		return 0, err
	}
	return float64(v[0]), nil
}
