package export

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

func TestTranscodersComeBackFromWhatCanHoldThem(t *testing.T) {
	held := map[string]int{}
	for _, s := range transcoders() {
		back, err := FromState(SAE{Code: s.Code, Variant: s.Variant, K: s.K, Transcodes: true}, s.State())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "state of "+s.Variant, s, back, as, nil)
		for _, layout := range []string{"saelens", "sparsify"} {
			files, _, err := Of(layout, s.copy(), nil)
			if err != nil {
				continue // TestRefusalsSayWhy
			}
			held[layout]++
			in, err := ReadSAE(write(t, files))
			if err != nil {
				t.Fatal(err)
			}
			same(t, s.Variant+" in "+layout, s, in.SAE, as, nil)
			if topk := layout == "saelens" && s.Code == TopK; !topk && (in.SAE.Variant != s.Variant || !in.SAE.Transcodes) {
				t.Errorf("%s in %s came back as %s", s.Variant, layout, in.SAE.Variant)
			}
		}
	}
	// relu goes to SAELens whatever its outputs, topk with as many as inputs.
	if held["saelens"] != 5 || held["sparsify"] != 2 {
		t.Errorf("held %v", held)
	}
}

func TestWhatALayoutHoldsComesBack(t *testing.T) {
	for _, s := range every() {
		for _, layout := range []string{"saelens", "sparsify", "dictionary_learning"} {
			files, _, err := Of(layout, s.copy(), map[string]string{"trainer_version": "x"})
			if layout == "sparsify" && s.Code != TopK {
				var mine *Error
				if !errors.As(err, &mine) || !strings.Contains(err.Error(), s.Variant) {
					t.Errorf("%s to %s: %v", s.Variant, layout, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			in, err := ReadSAE(write(t, files))
			if err != nil {
				t.Fatalf("%s from %s: %v", s.Variant, layout, err)
			}
			if in.Layout != layout {
				t.Errorf("%s was taken for %s", layout, in.Layout)
			}
			same(t, s.Variant+" in "+layout, s, in.SAE, as, nil)
			if layout == "dictionary_learning" && (in.SAE.Variant != s.Variant || in.SAE.K != s.K || !slices.Equal(in.SAE.Prefixes, s.Prefixes)) {
				t.Errorf("%s, k %v, prefixes %v came back as %s, %v, %v", s.Variant, s.K, s.Prefixes, in.SAE.Variant, in.SAE.K, in.SAE.Prefixes)
			}
		}
	}
}

func TestStateDictsComeBack(t *testing.T) {
	for _, s := range every() {
		back, err := FromState(SAE{Code: s.Code, Variant: s.Variant, K: s.K, Prefixes: s.Prefixes, Centered: true}, s.State())
		if err != nil {
			t.Fatal(err)
		}
		same(t, s.Variant, s, back, as, nil)
	}
}

// What one threshold cannot say goes to the class with a threshold a latent.
func TestFractionsAndFoldedThresholdsAreJumpReLU(t *testing.T) {
	fraction, folded := draw(Threshold, "batch_topk"), draw(Threshold, "batch_topk")
	fraction.K = 3.5
	if err := folded.FoldNorms(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*SAE{fraction, folded} {
		files, notes, err := Of("dictionary_learning", s.copy(), nil)
		if err != nil || len(notes) != 1 {
			t.Fatal(err, notes)
		}
		in, err := ReadSAE(write(t, files))
		if err != nil || in.SAE.Variant != "jump_relu" {
			t.Fatal(err, in)
		}
		same(t, "batch_topk", s, in.SAE, as, nil)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	per := draw(TopK, "topk")
	per.PerSample = "layer_norm"
	coder := drawTranscoder(TopK, "skip_transcoder", n)
	for _, c := range []struct {
		layout string
		s      *SAE
		want   string
	}{
		{"sparsify", per, "layer_norm"}, {"dictionary_learning", per, "layer_norm"},
		{"dictionary_learning", coder, "no transcoders"}, {"saelens", coder, "none with topk"},
		{"sparsify", drawTranscoder(TopK, "transcoder", 3), "has 3 and 5"},
		{"lightning", coder, "no layout"},
	} {
		if _, _, err := Of(c.layout, c.s.copy(), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected %q", c.layout, err, c.want)
		}
	}
	if err := per.FoldInput(make([]float64, n), filled(2, n)); err == nil {
		t.Error("a scale was folded under layer_norm")
	}
}

func TestWeightsComeBackWithWhatTheyAreOf(t *testing.T) {
	state := checkpoint.NewDict("a", tensorOf(array{"a", []int64{2}, []float32{1, 2}}), "count", scalar(checkpoint.Int32, 7))
	w := &Weights{Model: state, Config: map[string]any{"model": map[string]any{"d": int64(4), "x": 0.5}},
		Data: map[string]any{"inputs": map[string]any{"shape": []any{int64(4)}}}, Epoch: 3, Metric: math.NaN(), Made: map[string]string{"v": "1"}}
	f, err := w.Safetensors("model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(write(t, []File{f}), f.Name)
	back, err := ReadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	count, _ := checkpoint.Value[*checkpoint.Tensor](back.Model, "count")
	if back.Epoch != 3 || !math.IsNaN(back.Metric) || count.DType != checkpoint.Int32 || !bytes.Equal(count.Data, []byte{7, 0, 0, 0}) {
		t.Errorf("%+v", back)
	}
	if d := back.Config["model"].(map[string]any); d["d"] != int64(4) || d["x"] != 0.5 {
		t.Errorf("config %v", back.Config)
	}
}
