package export

import "path/filepath"

// The files of a folder that sparsify's SparseCoder.load_from_disk reads.
const (
	sparsifyConfig  = "cfg.json"
	sparsifyWeights = "sae.safetensors"
)

// sparsify writes the one code that sparsify has besides groupmax: topk.
func (s *SAE) sparsify() ([]File, error) {
	switch {
	case s.Code != TopK:
		return nil, refuse("sparsify has only the code that keeps the k largest activations of each sample, and %s has another", s.Variant)
	case s.PerSample != "":
		return nil, refuse("sparsify does not normalise samples, and this model was trained with %s", s.PerSample)
	case s.In != s.Out:
		return nil, refuse("a transcoder of sparsify has as many outputs as inputs, and this one has %d and %d", s.Out, s.In)
	}
	s.center(!s.Transcodes)
	list := []array{
		{"encoder.weight", []int64{int64(s.Latents), int64(s.In)}, transposed(s.WEnc, s.In, s.Latents)},
		{"encoder.bias", []int64{int64(s.Latents)}, s.BEnc},
		{"W_dec", []int64{int64(s.Latents), int64(s.Out)}, s.WDec}, {"b_dec", []int64{int64(s.Out)}, s.BDec},
	}
	if s.WSkip != nil {
		list = append(list, array{"W_skip", []int64{int64(s.Out), int64(s.In)}, s.WSkip})
	}
	config := map[string]any{
		"activation": "topk", "expansion_factor": max(1, s.Latents/s.In), "normalize_decoder": s.unitRows(), "num_latents": s.Latents,
		"k": int64(s.K), "multi_topk": false, "skip_connection": s.WSkip != nil, "transcode": s.Transcodes, "d_in": s.In,
	}
	return []File{jsonFile(sparsifyConfig, config), tensorFile(sparsifyWeights, nil, list)}, nil
}

// readSparsify reads a folder that sparsify saved for one hook point.
func readSparsify(dir string) (*Imported, error) {
	cfg, err := readJSON(filepath.Join(dir, sparsifyConfig))
	if err != nil {
		return nil, err
	}
	from, err := fromSafetensors(filepath.Join(dir, sparsifyWeights))
	if err != nil {
		return nil, err
	}
	if a := cfg.text("activation", "topk"); a != "topk" {
		return nil, refuse("its activation is %s, which trainer has not", a)
	}
	s := &SAE{Code: TopK, Variant: "topk", K: cfg.number("k", 32), Transcodes: cfg.flag("transcode", false)}
	s.Centered = !s.Transcodes
	switch skip := cfg.flag("skip_connection", false); {
	case skip && s.Transcodes:
		s.Variant = "skip_transcoder"
	case skip:
		return nil, refuse("it is an autoencoder with a skip connection, which trainer has only in a transcoder")
	case s.Transcodes:
		s.Variant = "transcoder"
	}
	from.rename(map[string]string{"encoder.weight": "W_encᵀ", "encoder.bias": "b_enc"})
	if err := from.only("sparsify", "W_enc", "b_enc", "W_dec", "b_dec", "W_skip"); err != nil {
		return nil, err
	}
	if err := s.take(*from); err != nil {
		return nil, err
	}
	s.owned = true
	in := &Imported{Layout: "sparsify", SAE: s}
	in.types(from)
	return in, nil
}
