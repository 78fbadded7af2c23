package export

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The files of a folder that SAELens' SAE.load_from_disk reads.
const (
	saelensConfig   = "cfg.json"
	saelensWeights  = "sae_weights.safetensors"
	saelensScaler   = "activation_scaler.json"
	saelensSparsity = "sparsity.safetensors"
)

// saelensVersion is that of the layout: it reads a config without one as of before 6.0.
const saelensVersion = "6.54.12"

// saelens writes the architectures of SAELens 6: standard, topk, jumprelu, gated, and the
// transcoders. What learns one threshold for all latents is a jumprelu, as SAELens itself
// saves its batchtopk and matryoshka.
func (s *SAE) saelens(made map[string]string) (files []File, notes []string, err error) {
	architecture, err := s.architecture()
	if err != nil {
		return nil, nil, err
	}
	if s.Transcodes && s.Code == TopK {
		notes = append(notes, "SAELens has no transcoder with topk: a TopKSAE holds it that does not subtract b_dec, and its output is the transcoder's")
	}
	if s.Transcodes {
		s.center(false)
	}
	metadata := map[string]any{"sae_lens_version": saelensVersion, "training_architecture": s.Variant}
	for key, v := range made {
		metadata[key] = v
	}
	config := map[string]any{
		"architecture": architecture, "d_in": s.In, "d_sae": s.Latents, "dtype": "float32", "device": "cpu",
		"apply_b_dec_to_input": s.Centered, "normalize_activations": s.perSample(), "reshape_activations": "none", "metadata": metadata,
	}
	if s.Code == TopK {
		config["k"], config["rescale_acts_by_decoder_norm"] = int64(s.K), false
	}
	if strings.HasSuffix(architecture, "transcoder") {
		config["d_out"] = s.Out
	}
	files = []File{jsonFile(saelensConfig, config), tensorFile(saelensWeights, nil, s.arrays())}
	if s.Densities != nil {
		files = append(files, tensorFile(saelensSparsity, nil, []array{{"sparsity", []int64{int64(s.Latents)}, s.logDensities()}}))
	}
	return files, notes, nil
}

// logDensities are log10 of the densities + 1e-10, as SAELens has them.
func (s *SAE) logDensities() []float32 {
	logs := make([]float32, len(s.Densities))
	for i, d := range s.Densities {
		logs[i] = float32(math.Log10(float64(d) + 1e-10))
	}
	return logs
}

func (s *SAE) perSample() string {
	if s.PerSample == "" {
		return "none"
	}
	return s.PerSample
}

// architecture is SAELens' name for the code.
func (s *SAE) architecture() (string, error) {
	switch {
	case !s.Transcodes:
		return map[Code]string{ReLU: "standard", TopK: "topk", Threshold: "jumprelu", Gated: "gated"}[s.Code], nil
	case s.Code == ReLU && s.WSkip != nil:
		return "skip_transcoder", nil
	case s.Code == ReLU:
		return "transcoder", nil
	case s.Code == TopK && s.WSkip == nil && s.In == s.Out:
		return "topk", nil
	}
	return "", refuse("SAELens has transcoders with relu only, and none with %s that has a skip connection or other outputs than inputs", s.Code)
}

// architectures are those that are read, with their code. The last two are of training
// checkpoints.
var architectures = map[string]Code{
	"standard": ReLU, "topk": TopK, "jumprelu": Threshold, "gated": Gated,
	"transcoder": ReLU, "skip_transcoder": ReLU,
	"batchtopk": Threshold, "matryoshka_batchtopk": Threshold,
}

// variants are trainer's variants of what is read.
var variants = map[Code]string{ReLU: "relu_l1", TopK: "topk", Threshold: "jump_relu", Gated: "gated"}

// readSAELens reads a folder that SAELens saved: the model, or a checkpoint of training.
func readSAELens(dir string) (*Imported, error) {
	cfg, err := readJSON(filepath.Join(dir, saelensConfig))
	if err != nil {
		return nil, err
	}
	from, err := fromSafetensors(filepath.Join(dir, saelensWeights))
	if err != nil {
		return nil, err
	}
	in := &Imported{Layout: "saelens", SAE: &SAE{Centered: cfg.flag("apply_b_dec_to_input", true)}}
	s := in.SAE
	architecture := cfg.text("architecture", "standard")
	if cfg.text("activation_fn", cfg.text("activation_fn_str", "relu")) == "topk" { // before 6.0
		architecture = "topk"
		s.K = cfg.section("activation_fn_kwargs").number("k", 0)
	}
	code, ok := architectures[architecture]
	if !ok {
		return nil, refuse("its architecture is %q, which trainer has not; it reads %s", architecture, strings.Join(slices.Sorted(maps.Keys(architectures)), ", "))
	}
	s.Code, s.Variant, s.K = code, variants[code], cfg.number("k", s.K)
	s.Transcodes = strings.HasSuffix(architecture, "transcoder")
	if s.Transcodes {
		s.Centered, s.Variant = false, architecture
	}
	in.trained(architecture, cfg)
	if err := in.saelensArrays(from, cfg); err != nil {
		return nil, err
	}
	if err := in.normalization(dir, cfg); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(dir, saelensSparsity)); err == nil {
		in.Notes = append(in.Notes, saelensSparsity+" is not taken: `trainer evaluate` measures densities on the data at hand")
	}
	in.about(cfg.section("metadata"), "model_name", "hook_name", "hook_layer", "context_size", "dataset_path")
	in.about(cfg, "model_name", "hook_name", "hook_point", "context_size", "dataset_path")
	in.types(from)
	return in, nil
}

// trained takes what a checkpoint of training says beyond the model.
func (in *Imported) trained(architecture string, cfg settings) {
	switch s := in.SAE; architecture {
	case "batchtopk":
		s.Variant = "batch_topk"
	case "matryoshka_batchtopk":
		s.Variant = "matryoshka"
		for _, w := range cfg.list("matryoshka_widths") {
			s.Prefixes = append(s.Prefixes, int64(w))
		}
		if n := len(s.Prefixes); n == 0 || s.Prefixes[n-1] != int64(cfg.number("d_sae", 0)) {
			s.Prefixes = append(s.Prefixes, int64(cfg.number("d_sae", 0)))
		}
	}
}

// saelensArrays takes the arrays. A threshold of old files is a logarithm; scores that
// were h |W_dec,i| need the norms in the weights; finetuned factors go into the decoder.
func (in *Imported) saelensArrays(from *arrays, cfg settings) error {
	from.rename(map[string]string{"topk_threshold": "threshold"})
	if i := from.find("log_threshold"); i >= 0 {
		from.list[i].name = "threshold"
		exponentials(from.list[i].values)
	}
	if err := from.only("SAELens", "W_enc", "b_enc", "W_dec", "b_dec", "threshold", "b_gate", "b_mag", "r_mag", "W_skip", "scaling_factor"); err != nil {
		return err
	}
	s := in.SAE
	if err := s.take(*from); err != nil {
		return err
	}
	s.owned = true
	s.clampThreshold()
	if from.has("scaling_factor") && cfg.flag("finetuning_scaling_factor", false) {
		if err := s.scaleRows(from); err != nil {
			return err
		}
		in.Notes = append(in.Notes, "its finetuned scaling_factor is in W_dec now")
	}
	if cfg.flag("rescale_acts_by_decoder_norm", false) && !s.unitRows() {
		return s.foldScores()
	}
	return nil
}

// normalization takes how inputs were scaled. A model that was saved at the end of
// training has its factor in the weights; a checkpoint has it in a file beside them.
func (in *Imported) normalization(dir string, cfg settings) error {
	switch kind := cfg.text("normalize_activations", "none"); kind {
	case "none", "False", "false":
	case "layer_norm", "constant_norm_rescale":
		if in.SAE.Transcodes {
			return refuse("it is a transcoder of inputs with %s, which trainer has not", kind)
		}
		in.SAE.PerSample = kind
	case "expected_average_only_in", "True", "true":
		scaler, err := readJSON(filepath.Join(dir, saelensScaler))
		factor := scaler.number("scaling_factor", 0)
		if err != nil || !(factor > 0) {
			in.Notes = append(in.Notes, "it was trained on inputs times a factor that is not in the folder ("+saelensScaler+"): if that is not folded into the weights, scale the data yourself")
			return nil
		}
		in.Notes = append(in.Notes, "the factor of its inputs is folded into the weights")
		return in.SAE.FoldInput(make([]float64, in.SAE.In), filled(1/factor, in.SAE.In))
	default:
		return refuse("its inputs were normalised by %s, which trainer has not", kind)
	}
	return nil
}
