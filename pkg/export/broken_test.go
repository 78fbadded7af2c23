package export

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

// What is wrong with a folder is one sentence of the user's.
func TestBrokenFoldersAreRefused(t *testing.T) {
	s := draw(TopK, "topk")
	files, _, err := Of("saelens", s.copy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(dir string)
		want   string
	}{
		"no config":              {func(dir string) { os.Remove(filepath.Join(dir, "cfg.json")) }, "no layout that is read"},
		"a config that is none":  {rewrite("cfg.json", "[1]"), "no JSON object"},
		"an unknown code":        {rewrite("cfg.json", `{"architecture": "temporal"}`), `"temporal", which trainer has not`},
		"too large a k":          {rewrite("cfg.json", `{"architecture": "topk", "k": 99}`), "k is 99, expected a whole number from 1 to 12"},
		"an unknown scale":       {rewrite("cfg.json", `{"architecture": "topk", "k": 2, "normalize_activations": "covariance_whitening"}`), "covariance_whitening"},
		"no threshold":           {rewrite("cfg.json", `{"architecture": "jumprelu"}`), "the array threshold is missing"},
		"cut weights":            {rewrite("sae_weights.safetensors", "xxxxxxxxxxx"), "sae_weights.safetensors"},
		"an array of no meaning": {tensors("W_enc", 60, "extra", 1), "the array extra"},
		"a wrong shape":          {tensors("W_enc", 60, "b_enc", 11, "W_dec", 60, "b_dec", 5), "b_enc has 11 numbers, expected 12"},
		"nothing in it":          {tensors(), "the array W_enc is missing"},
		"a huge empty encoder":   {empty, "W_enc has the shape [0 1099511627776]"},
	} {
		dir := write(t, files)
		c.change(dir)
		_, err := ReadSAE(dir)
		user, ok := err.(interface{ UserError() bool })
		if err == nil || !strings.Contains(err.Error(), c.want) || !ok || !user.UserError() || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, expected %q", name, err, c.want)
		}
	}
}

func rewrite(name, text string) func(string) {
	return func(dir string) { os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
}

// empty has an encoder of no numbers for 2^40 latents, and one threshold for all.
func empty(dir string) {
	list := []safetensors.Named{{Name: "W_enc", Tensor: safetensors.Tensor{DType: "F32", Shape: []int64{0, 1 << 40}}}}
	for _, name := range []string{"b_enc", "W_dec", "b_dec", "threshold"} {
		list = append(list, safetensors.Named{Name: name, Tensor: safetensors.Tensor{DType: "F32", Shape: []int64{1}, Data: make([]byte, 4)}})
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, list); err != nil {
		panic(err)
	}
	os.WriteFile(filepath.Join(dir, saelensWeights), b.Bytes(), 0o644)
	rewrite(saelensConfig, `{"architecture": "jumprelu"}`)(dir)
}

// tensors replaces the weights: names with the numbers of their elements.
func tensors(list ...any) func(string) {
	return func(dir string) {
		var named []safetensors.Named
		for i := 0; i < len(list); i += 2 {
			shape := []int64{int64(list[i+1].(int))}
			if shape[0] == n*m && list[i] == "W_enc" {
				shape = []int64{n, m}
			}
			named = append(named, safetensors.Named{Name: list[i].(string), Tensor: safetensors.Tensor{DType: "F32", Shape: shape, Data: make([]byte, 4*list[i+1].(int))}})
		}
		var b bytes.Buffer
		if err := safetensors.Write(&b, nil, named); err != nil {
			panic(err)
		}
		os.WriteFile(filepath.Join(dir, saelensWeights), b.Bytes(), 0o644)
	}
}

// A pickle that would run code is not read.
func TestHostilePicklesAreRefused(t *testing.T) {
	files, _, err := Of("dictionary_learning", draw(TopK, "topk").copy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := write(t, files)
	rewrite("ae.pt", "cos\nsystem\n(S'true'\ntR.")(dir)
	if _, err := ReadSAE(dir); err == nil {
		t.Error("a pickle that calls os.system was read")
	}
}

func TestWeightsWithoutTheirConfigAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	var b bytes.Buffer
	err := safetensors.Write(&b, map[string]string{"format": "pt"}, []safetensors.Named{{Name: "a", Tensor: safetensors.Tensor{DType: "F32", Shape: []int64{1}, Data: make([]byte, 4)}}})
	if err != nil || os.WriteFile(path, b.Bytes(), 0o644) != nil {
		t.Fatal(err)
	}
	if _, err := ReadWeights(path); err == nil || !strings.Contains(err.Error(), "which model it is of") {
		t.Error(err)
	}
}

// Numbers of other types become float32.
func TestHalfNumbersAreRead(t *testing.T) {
	for code, data := range map[string][]byte{"F16": {0, 0x3c}, "BF16": {0x80, 0x3f}, "F64": {0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, "I32": {1, 0, 0, 0}, "I64": {1, 0, 0, 0, 0, 0, 0, 0}, "F32": {0, 0, 0x80, 0x3f}} {
		if v, err := floats(code, data); err != nil || len(v) != 1 || v[0] != 1 {
			t.Errorf("%s: %v, %v", code, v, err)
		}
		if typeOf(code) == 0 || typeOf(code).Size() != len(data) {
			t.Errorf("%s is %v in a checkpoint", code, typeOf(code))
		}
	}
	if _, err := floats("F8_E5M2", []byte{0}); err == nil {
		t.Error("a type without a reader was read")
	}
	if typeOf("C64") != checkpoint.DType(0) {
		t.Error("complex numbers have a type")
	}
}
