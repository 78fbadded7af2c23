package trainer

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/export"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/npy"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

// sparseConfig is a run of a variant on samples that are normalised. A transcoder's labels
// have other numbers than its samples, which are two layers of four numbers.
func sparseConfig(variant string) string {
	needs := map[string]string{"topk": ", k: 3", "batch_topk": ", k: 3", "matryoshka": ", k: 3", "jump_relu": ", threshold_init: 0.2",
		"p_anneal": ", anneal_start_step: 1, anneal_end_step: 20", "transcoder": ", activation: relu", "skip_transcoder": ", activation: relu"}
	return `experiment: {name: ` + variant + `, output_dir: runs}
data: {source: npy, path: x.npy, labels: y.npy, batch_size: 20, normalize: standard}
model: {type: sae, variant: ` + variant + `, d_sae: 24` + needs[variant] + `}
training: {epochs: 2, optimizer: {lr: 0.01}, threads: 1, device: cpu}
`
}

// writeSamples writes the data of sparseConfig.
func (s *site) writeSamples() {
	s.t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for name, shape := range map[string][]int64{"x.npy": {200, 2, 4}, "y.npy": {200, 5}} {
		size := int64(1)
		for _, n := range shape {
			size *= n
		}
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(1 + r.NormFloat64())
		}
		w, err := npy.Create(name, "f4", shape)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := errors.Join(w.WriteFloat32s(values), w.Close()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// near holds that two arrays are the same to 1e-5.
func (s *site) near(a, b string) {
	s.t.Helper()
	_, one := s.rows(a)
	_, two := s.rows(b)
	if len(one) != len(two) || len(one) == 0 {
		s.t.Fatalf("%s has %d numbers, %s %d", a, len(one), b, len(two))
	}
	for i := range one {
		if math.Abs(float64(one[i]-two[i])) > 1e-5*math.Max(1, math.Abs(float64(one[i]))) {
			s.t.Fatalf("number %d of %s is %v, of %s %v", i, a, one[i], b, two[i])
		}
	}
}

// Every variant of sparse autoencoders goes to SAELens' layout and comes back as a run
// that computes the same from the same data, or is refused with the reason.
func TestEverySparseAutoencoderIsExportedAndImported(t *testing.T) {
	s := newTorchSite(t)
	s.writeSamples()
	for _, variant := range builtin.Registry().Variants("sae") {
		s.write("sae.yaml", sparseConfig(variant))
		s.ok("train", "sae.yaml", "-q")
		s.ok("extract-embeddings", "runs/"+variant, "-q")
		s.ok("predict", "runs/"+variant, "-q")
		s.ok("export", "runs/"+variant, "--to", "saelens", "-q")
		if _, err := os.Stat("runs/" + variant + "/export/saelens/sparsity.safetensors"); err == nil {
			t.Errorf("%s has densities although nothing measured them", variant)
		}
		s.ok("import", "runs/"+variant+"/export/saelens", "--as", variant, "--output-dir", "back", "-q", "--data", "x.npy", "--set", "data.labels=y.npy")
		s.ok("extract-embeddings", "back/"+variant, "-q")
		s.ok("predict", "back/"+variant, "-q")
		s.near("runs/"+variant+"/embeddings/test_embeddings.npy", "back/"+variant+"/embeddings/test_embeddings.npy")
		s.near("runs/"+variant+"/predictions/test_predictions.npy", "back/"+variant+"/predictions/test_predictions.npy")
		for _, command := range [][]string{{"evaluate", "back/" + variant}, {"inspect", "back/" + variant + "/checkpoints/best_model.pt"}, {"show", "back/" + variant}} {
			s.ok(command...)
		}
	}
	if list := s.ok("list", "back").stdout; strings.Count(list, "finished") != len(builtin.Registry().Variants("sae")) {
		t.Error(list)
	}
}

// Of minmax, raw dimensions stay as they are: the weights go by the shift and scale of each.
func TestRawDimensionsAreNotFolded(t *testing.T) {
	s := &export.SAE{In: 2, Out: 2, Latents: 1, Centered: true, WEnc: []float32{1, 1}, BEnc: []float32{0}, WDec: []float32{1, 1}, BDec: []float32{0, 0}}
	by := dataset.Stats{Kind: "minmax", Min: -1, Max: 3, Mean: []float32{0, -1}, Std: []float32{1, 4}}
	if err := foldNormalization(s, by); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.WEnc, []float32{1, 0.25}) || !slices.Equal(s.WDec, []float32{1, 4}) || !slices.Equal(s.BDec, []float32{0, -1}) {
		t.Errorf("W_enc %v, W_dec %v, b_dec %v", s.WEnc, s.WDec, s.BDec)
	}
}

// What evaluate measured of a checkpoint goes with it to SAELens, and with no other.
func TestDensitiesAreExported(t *testing.T) {
	s := newTorchSite(t)
	s.writeSamples()
	s.write("sae.yaml", sparseConfig("topk"))
	s.ok("train", "sae.yaml", "-q", "--set", "checkpoint.save_strategy=all", "--set", "training.epochs=2")
	s.ok("evaluate", "runs/topk", "--set", "splits=[val, train]", "--set", "checkpoint=last", "-q")
	s.ok("extract-embeddings", "runs/topk", "--set", "splits=[train]", "--set", "checkpoint=last", "-q")
	s.ok("export", "runs/topk", "--to", "saelens", "--checkpoint", "last", "--output", "last", "-q")
	file, err := safetensors.Open("last/sparsity.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	logs, ok := file.Tensor("sparsity")
	_, codes := s.rows("runs/topk/embeddings/train_embeddings.npy")
	m := len(logs.Data) / 4
	if !ok || logs.DType != "F32" || len(logs.Shape) != 1 || m == 0 || len(codes)%m != 0 {
		t.Fatalf("sparsity is %s %v, codes are %d numbers", logs.DType, logs.Shape, len(codes))
	}
	for i := range m {
		fired := 0.0
		for at := i; at < len(codes); at += m {
			if codes[at] > 0 {
				fired += float64(m) / float64(len(codes))
			}
		}
		got := float64(math.Float32frombits(binary.LittleEndian.Uint32(logs.Data[4*i:])))
		if math.Abs(got-math.Log10(fired+1e-10)) > 1e-5 {
			t.Errorf("latent %d: %v, its share of the samples is %v", i, got, fired)
		}
	}
	s.ok("export", "runs/topk", "--to", "saelens", "--checkpoint", "epoch_001", "--output", "first", "-q")
	if _, err := os.Stat("first/sparsity.safetensors"); err == nil {
		t.Error("another checkpoint has the densities")
	}
	s.ok("export", "runs/topk", "--to", "saelens", "--checkpoint", "last", "--output", "last", "--force", "-q")
	if r := s.run("import", "last", "--as", "b", "--output-dir", "back"); r.code != 0 || !strings.Contains(r.messages, "sparsity.safetensors") {
		t.Errorf("%d: %s", r.code, r.messages)
	}
}

// A file of safetensors comes back as the same run, whatever the model.
func TestWeightsOfAnyModelComeBack(t *testing.T) {
	s := newTorchSite(t)
	s.train("data.normalize=minmax")
	s.ok("predict", "runs/a", "-q")
	s.ok("export", "runs/a", "--to", "safetensors", "-q")
	s.ok("import", "runs/a/export/model.safetensors", "--as", "b", "--output-dir", "runs", "-q")
	s.ok("predict", "runs/b", "-q")
	_, one := s.rows("runs/a/predictions/test_predictions.npy")
	_, two := s.rows("runs/b/predictions/test_predictions.npy")
	if !slices.Equal(one, two) {
		t.Error("the predictions differ")
	}
	r := s.run("resume", "runs/b")
	if r.code != exitMistake || !strings.Contains(r.messages, "was imported from runs/a/export/model.safetensors") {
		t.Errorf("resume of an imported run: exit code %d: %s", r.code, r.messages)
	}
	if got := s.ok("export", "runs/b", "--to", "torch", "--output", "b.pt", "--json").stdout; !strings.Contains(got, `"path": "b.pt"`) {
		t.Error(got)
	}
	if got := s.ok("inspect", "b.pt").stdout; !strings.Contains(got, "encoder") {
		t.Error(got)
	}
}

func TestExportReplacesOnlyWhatItMade(t *testing.T) {
	s := newTorchSite(t)
	s.writeSamples()
	s.write("sae.yaml", sparseConfig("topk"))
	s.ok("train", "sae.yaml", "-q")
	export := []string{"export", "runs/topk", "--to", "saelens", "--output", "out", "-q"}
	s.ok(export...)
	before := listing(t, ".")
	if r := s.run(export...); r.code != exitMistake || !strings.Contains(r.messages, "out exists; --force replaces it") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
	unchanged(t, before, listing(t, "."))
	s.ok(append(export, "--force")...)
	unchanged(t, before, listing(t, "."))
	s.ok("export", "runs/topk", "--to", "sparsify", "--output", "out", "--force", "-q")
	if got := names(t, "out"); got != "cfg.json sae.safetensors" {
		t.Errorf("a layout over another: %s", got)
	}
	s.write("out/mine.txt", "x")
	if r := s.run(append(export, "--force")...); r.code != exitMistake || !strings.Contains(r.messages, "mine.txt") {
		t.Errorf("a folder with other files: exit code %d: %s", r.code, r.messages)
	}
	s.write("file", "x")
	if r := s.run("export", "runs/topk", "--to", "saelens", "--output", "file", "--force"); r.code != exitMistake || s.read("file") != "x" {
		t.Errorf("a file in the place of a folder: exit code %d: %s", r.code, r.messages)
	}
}

func TestWhatCannotBeExportedOrImportedIsSaid(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.writeSamples()
	s.write("sae.yaml", sparseConfig("topk"))
	s.ok("train", "sae.yaml", "-q", "--set", "data.normalize=unit_norm")
	s.ok("train", "sae.yaml", "-q", "--set", "experiment.name=plain")
	s.ok("export", "runs/a", "--to", "safetensors", "-q")
	if err := os.MkdirAll("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"expected one of safetensors":                {"export", "runs/a"},
		"are for sparse autoencoders":                {"export", "runs/a", "--to", "saelens"},
		"each sample by its own length":              {"export", "runs/topk", "--to", "saelens"},
		"cannot be folded into topk":                 {"export", "runs/plain", "--to", "sparsify", "--fold-norms"},
		"the weights stay as they are":               {"export", "runs/a", "--to", "torch", "--fold-norms"},
		"the folder nowhere does not exist":          {"export", "runs/a", "--to", "torch", "--output", "nowhere/x.pt"},
		"no layout that is read":                     {"import", "empty", "--as", "x"},
		"needs the name":                             {"import", "runs/a/export/model.safetensors"},
		"expected a .npy":                            {"import", "runs/a/export/model.safetensors", "--as", "x", "--data", "x.yaml"},
		"runs/a exists; give another name with --as": {"import", "runs/a/export/model.safetensors", "--as", "a", "--output-dir", "runs"},
		"no such file":                               {"import", "nothing.safetensors", "--as", "x"},
		"--set model.latent=3: unknown key":          {"import", "runs/a/export/model.safetensors", "--as", "x", "--set", "model.latent=3"},
	} {
		r := s.run(args...)
		if r.code != exitMistake || !strings.Contains(r.messages, want) {
			t.Errorf("%s: exit code %d: %s, expected %q", strings.Join(args, " "), r.code, r.messages, want)
		}
	}
	if got := names(t, "experiments"); got != "" {
		t.Errorf("a refused import left %s", got)
	}
	if _, err := os.Stat(filepath.Join("runs", "topk", "export")); err == nil {
		t.Error("a refused export left a folder")
	}
}
