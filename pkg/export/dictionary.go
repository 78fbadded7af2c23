package export

import (
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

// The files of a folder that dictionary_learning's load_dictionary reads.
const (
	dictionaryConfig  = "config.json"
	dictionaryWeights = "ae.pt"
)

// The classes of dictionary_learning, and which of trainer's arrays each of theirs is.
var dictionaryNames = map[string]map[string]string{
	"AutoEncoder":            {"encoder.weight": "W_encᵀ", "encoder.bias": "b_enc", "decoder.weight": "W_decᵀ", "bias": "b_dec"},
	"AutoEncoderNew":         {"encoder.weight": "W_encᵀ", "encoder.bias": "b_enc", "decoder.weight": "W_decᵀ", "decoder.bias": "b_dec"},
	"GatedAutoEncoder":       {"encoder.weight": "W_encᵀ", "decoder.weight": "W_decᵀ", "decoder_bias": "b_dec", "r_mag": "r_mag", "gate_bias": "b_gate", "mag_bias": "b_mag"},
	"AutoEncoderTopK":        {"encoder.weight": "W_encᵀ", "encoder.bias": "b_enc", "decoder.weight": "W_decᵀ", "b_dec": "b_dec"},
	"BatchTopKSAE":           {"encoder.weight": "W_encᵀ", "encoder.bias": "b_enc", "decoder.weight": "W_decᵀ", "b_dec": "b_dec", "threshold": "threshold"},
	"JumpReluAutoEncoder":    {"W_enc": "W_enc", "b_enc": "b_enc", "W_dec": "W_dec", "b_dec": "b_dec", "threshold": "threshold"},
	"MatryoshkaBatchTopKSAE": {"W_enc": "W_enc", "b_enc": "b_enc", "W_dec": "W_dec", "b_dec": "b_dec", "threshold": "threshold"},
}

// dictionaryClass is the class that says the same, or why there is none. Those of
// batch_topk and matryoshka have one threshold, and a whole k.
func (s *SAE) dictionaryClass() (class string, err error) {
	switch {
	case s.Transcodes || s.WSkip != nil:
		return "", refuse("dictionary_learning has no transcoders")
	case s.PerSample != "":
		return "", refuse("dictionary_learning does not normalise samples, and this model was trained with %s", s.PerSample)
	case s.Code == ReLU:
		return "AutoEncoder", nil
	case s.Code == Gated:
		return "GatedAutoEncoder", nil
	case s.Code == TopK:
		return "AutoEncoderTopK", nil
	}
	for _, t := range s.Threshold {
		if t != s.Threshold[0] {
			return "JumpReluAutoEncoder", nil
		}
	}
	switch whole := s.K == float64(int64(s.K)); {
	case s.Variant == "batch_topk" && whole:
		return "BatchTopKSAE", nil
	case s.Variant == "matryoshka" && whole:
		return "MatryoshkaBatchTopKSAE", nil
	}
	return "JumpReluAutoEncoder", nil
}

// dictionaryLearning writes ae.pt and config.json.
func (s *SAE) dictionaryLearning() (files []File, notes []string, err error) {
	class, err := s.dictionaryClass()
	if err != nil {
		return nil, nil, err
	}
	// Its jump relu as load_dictionary makes it does not subtract b_dec.
	s.center(class != "JumpReluAutoEncoder")
	trainer := map[string]any{"dict_class": class, "activation_dim": s.In, "dict_size": s.Latents, "trained_by": "trainer", "variant": s.Variant}
	if class == "JumpReluAutoEncoder" && s.Variant != "jump_relu" {
		notes = append(notes, class+" holds it: a "+s.Variant+" of dictionary_learning has one threshold for all latents and a whole k")
	}
	if class == "AutoEncoder" && !s.unitRows() {
		notes = append(notes, "load_dictionary gives the decoder rows of an AutoEncoder the norm 1: the activations that it computes are trainer's times these norms")
	}
	state := &checkpoint.Dict{Ordered: true}
	for _, a := range s.arrays() {
		name, a := s.dictionaryArray(class, a)
		if name == "threshold" && class != "JumpReluAutoEncoder" {
			a.shape, a.values = []int64{}, a.values[:1]
		}
		state.Set(name, tensorOf(a))
	}
	switch class {
	case "AutoEncoderTopK", "BatchTopKSAE", "MatryoshkaBatchTopKSAE":
		state.Set("k", scalar(checkpoint.Int32, s.K))
		trainer["k"] = int64(s.K)
	}
	switch class {
	case "AutoEncoderTopK":
		state.Set("threshold", scalar(checkpoint.Float32, -1)) // as it is before it is set; encode does not use it
	case "MatryoshkaBatchTopKSAE":
		state.Set("group_sizes", s.groupSizes())
	}
	return []File{jsonFile(dictionaryConfig, map[string]any{"trainer": trainer}), torchFile(dictionaryWeights, state)}, notes, nil
}

// dictionaryArray is an array under the name that the class has for it.
func (s *SAE) dictionaryArray(class string, a array) (string, array) {
	for theirs, ours := range dictionaryNames[class] {
		switch ours {
		case a.name:
			return theirs, a
		case a.name + "ᵀ":
			return theirs, array{a.name, []int64{a.shape[1], a.shape[0]}, transposed(a.values, int(a.shape[0]), int(a.shape[1]))}
		}
	}
	return a.name, a
}

// groupSizes are the differences of the prefixes, int64.
func (s *SAE) groupSizes() *checkpoint.Tensor {
	t := &checkpoint.Tensor{DType: checkpoint.Int64, Shape: []int64{int64(len(s.Prefixes))}}
	from := int64(0)
	for _, to := range s.Prefixes {
		t.Data = le.AppendUint64(t.Data, uint64(to-from))
		from = to
	}
	return t
}

// readDictionary reads a folder that dictionary_learning saved.
func readDictionary(dir string) (*Imported, error) {
	file, err := readJSON(filepath.Join(dir, dictionaryConfig))
	if err != nil {
		return nil, err
	}
	from, err := fromTorch(filepath.Join(dir, dictionaryWeights))
	if err != nil {
		return nil, err
	}
	cfg := file.section("trainer")
	class := cfg.text("dict_class", "")
	names, ok := dictionaryNames[class]
	if !ok {
		return nil, refuse("its class is %q, which trainer does not read", class)
	}
	s := &SAE{Centered: class != "JumpReluAutoEncoder" && class != "AutoEncoderNew", K: cfg.number("k", 0)}
	s.Code, s.Variant = dictionaryCode(class)
	in := &Imported{Layout: "dictionary_learning", SAE: s}
	if err := in.dictionaryState(from, class, names); err != nil {
		return nil, err
	}
	in.about(cfg, "lm_name", "layer", "submodule_name")
	in.types(from)
	return in, nil
}

func dictionaryCode(class string) (Code, string) {
	switch class {
	case "AutoEncoderTopK":
		return TopK, "topk"
	case "BatchTopKSAE":
		return Threshold, "batch_topk"
	case "MatryoshkaBatchTopKSAE":
		return Threshold, "matryoshka"
	case "JumpReluAutoEncoder":
		return Threshold, "jump_relu"
	case "GatedAutoEncoder":
		return Gated, "gated"
	}
	return ReLU, "relu_l1"
}

func (in *Imported) dictionaryState(from *arrays, class string, names map[string]string) error {
	s := in.SAE
	known := []string{"k", "group_sizes", "threshold"}
	for theirs := range names {
		known = append(known, theirs)
	}
	if err := from.only("dictionary_learning "+class, known...); err != nil {
		return err
	}
	if a, err := from.get("k"); err == nil && len(a.values) == 1 {
		s.K = float64(a.values[0])
	}
	if a, err := from.get("group_sizes"); err == nil {
		sum := int64(0)
		for _, size := range a.values {
			sum += int64(size)
			s.Prefixes = append(s.Prefixes, sum)
		}
	}
	from.rename(names)
	if err := s.take(*from); err != nil {
		return err
	}
	s.owned = true
	if s.Threshold != nil && s.Threshold[0] == -1 && s.Variant != "jump_relu" {
		in.Notes = append(in.Notes, "its threshold was never set (training ended before it began to follow): every positive activation counts")
	}
	s.clampThreshold()
	return nil
}
