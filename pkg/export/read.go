package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Imported is a sparse autoencoder that was read, in trainer's terms.
type Imported struct {
	Layout string
	SAE    *SAE
	Notes  []string // what was changed
	// Belongs is what the file says of the place that it belongs to, which trainer does not keep.
	Belongs []string
}

// ReadSAE reads the folder of another tool.
func ReadSAE(dir string) (*Imported, error) {
	has := func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	var in *Imported
	var err error
	switch {
	case has(saelensWeights) && has(saelensConfig):
		in, err = readSAELens(dir)
	case has(sparsifyWeights) && has(sparsifyConfig):
		in, err = readSparsify(dir)
	case has(dictionaryWeights) && has(dictionaryConfig):
		in, err = readDictionary(dir)
	default:
		return nil, refuse("%s: no layout that is read: expected a folder with %s and %s (SAELens), %s and %s (sparsify) or %s and %s (dictionary_learning), or a .safetensors file that trainer exported",
			dir, saelensConfig, saelensWeights, sparsifyConfig, sparsifyWeights, dictionaryConfig, dictionaryWeights)
	}
	var mine *Error
	if errors.As(err, &mine) {
		return nil, refuse("%s: %s", dir, mine.Msg)
	}
	return in, err
}

// about notes what a config says of where a model belongs.
func (in *Imported) about(cfg settings, keys ...string) {
	for _, key := range keys {
		note := fmt.Sprintf("%s %v", key, cfg[key])
		if v := cfg[key]; v != nil && v != "" && !slices.Contains(in.Belongs, note) {
			in.Belongs = append(in.Belongs, note)
		}
	}
}

// types notes elements that became float32.
func (in *Imported) types(from *arrays) {
	var other []string
	for _, t := range from.types {
		if strings.HasPrefix(t, "F") || strings.HasPrefix(t, "BF") {
			other = append(other, t)
		}
	}
	if len(other) > 0 {
		in.Notes = append(in.Notes, "its numbers were "+strings.Join(other, " and ")+" and are float32 now")
	}
}

// clampThreshold makes negative thresholds 0: relu is below, and a latent of trainer's
// would be active there.
func (s *SAE) clampThreshold() {
	for i, t := range s.Threshold {
		s.Threshold[i] = max(t, 0)
	}
}

// scaleRows multiplies decoder rows with the factors that they were finetuned with.
func (s *SAE) scaleRows(from *arrays) error {
	a, err := from.get("scaling_factor")
	if err != nil {
		return err
	}
	if len(a.values) != s.Latents {
		return refuse("scaling_factor has %d numbers, expected one for each of %d latents", len(a.values), s.Latents)
	}
	for j, f := range a.values {
		for i := range s.Out {
			s.WDec[j*s.Out+i] *= f
		}
	}
	return nil
}

// foldScores is FoldNorms for a code that was chosen by h |W_dec,i| and decoded with the
// norms taken out again: thresholds and order are of folded activations already.
func (s *SAE) foldScores() error {
	code, threshold := s.Code, s.Threshold
	s.Code, s.Threshold = ReLU, nil
	err := s.FoldNorms()
	s.Code, s.Threshold = code, threshold
	return err
}

func exponentials(v []float32) {
	for i, x := range v {
		v[i] = float32(math.Exp(float64(x)))
	}
}

func filled(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// settings are a JSON object.
type settings map[string]any

// maxSettings is far more than a config has.
const maxSettings = 16 << 20

func readJSON(path string) (settings, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse("%s: no such file", path)
	case err != nil:
		return nil, err
	case info.Size() > maxSettings:
		return nil, refuse("%s has %d bytes, which is no config", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s settings
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, refuse("%s is no JSON object: %v", path, err)
	}
	return s, nil
}

// text is the text or bool of a key, as text.
func (s settings) text(key, otherwise string) string {
	switch v := s[key].(type) {
	case string:
		return v
	case bool:
		return fmt.Sprint(v)
	}
	return otherwise
}

func (s settings) flag(key string, otherwise bool) bool {
	if v, ok := s[key].(bool); ok {
		return v
	}
	return otherwise
}

func (s settings) number(key string, otherwise float64) float64 {
	if v, ok := s[key].(float64); ok {
		return v
	}
	return otherwise
}

func (s settings) list(key string) (out []float64) {
	items, _ := s[key].([]any)
	for _, v := range items {
		if n, ok := v.(float64); ok {
			out = append(out, n)
		}
	}
	return out
}

func (s settings) section(key string) settings {
	v, _ := s[key].(map[string]any)
	return v
}
