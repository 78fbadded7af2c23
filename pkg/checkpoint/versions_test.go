package checkpoint

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// The files in testdata/torch-<version> were saved by that PyTorch, by
// interop/make_torch_versions.py.

var torchVersions = []string{"1.13.1", "2.0.1", "2.6.0", "2.15.0"}

func eachTorch(t *testing.T, name string, check func(t *testing.T, d *Dict)) {
	for _, v := range torchVersions {
		t.Run(v, func(t *testing.T) { check(t, torchFile(t, filepath.Join("torch-"+v, name))) })
	}
}

func TestTensorsOfEveryTorchVersionAreRead(t *testing.T) {
	eachTorch(t, "tensors.pt", func(t *testing.T, d *Dict) {
		for key, want := range map[string]struct {
			shape  []int64
			values []float32
		}{
			"base":       {[]int64{3, 4}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
			"row":        {[]int64{4}, []float32{4, 5, 6, 7}},
			"transposed": {[]int64{4, 3}, []float32{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}},
			"strided":    {[]int64{3, 2}, []float32{0, 2, 4, 6, 8, 10}},
			"block":      {[]int64{2, 2}, []float32{5, 6, 9, 10}},
			"expanded":   {[]int64{3, 2}, []float32{7, 8, 7, 8, 7, 8}},
			"weight":     {[]int64{2, 2}, []float32{0, 1, 2, 3}},
			"tied":       {[]int64{2, 2}, []float32{0, 1, 2, 3}},
			"frozen":     {[]int64{1}, []float32{1}},
			"zero_d":     {[]int64{}, []float32{2.5}},
			"empty":      {[]int64{0, 3}, []float32{}},
		} {
			got := tensorAt(t, d, key)
			if got.DType != Float32 || !slices.Equal(got.Shape, want.shape) || !slices.Equal(values(got), want.values) {
				t.Errorf("%s: %v %v %v, want %v %v", key, got.DType, got.Shape, values(got), want.shape, want.values)
			}
		}
		for key, want := range map[string][]byte{
			"half": {0, 0x3c, 0, 0xc0}, "bfloat16": {0x80, 0x3f, 0, 0xc0}, "bool": {1, 0},
			"float64": {0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f},
			"int64":   {255, 255, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0},
			"int32":   {255, 255, 255, 255, 2, 0, 0, 0}, "int16": {255, 255, 2, 0}, "int8": {255, 2}, "uint8": {255, 2},
		} {
			if got := tensorAt(t, d, key); !bytes.Equal(got.Data, want) {
				t.Errorf("%s: % x, want % x", key, got.Data, want)
			}
		}
		if !d.Ordered || d.Len() != 20 {
			t.Errorf("OrderedDict %v with %d keys", d.Ordered, d.Len())
		}
	})
}

func TestATrainingStateOfEveryTorchVersionIsRead(t *testing.T) {
	eachTorch(t, "trained.pt", func(t *testing.T, d *Dict) {
		model, key, ok := StateDict(d)
		if !ok || key != "model" || fmt.Sprint(model.Keys()) != "[0.weight 0.bias]" {
			t.Fatalf("state dict %v under %q, %v", model.Keys(), key, ok)
		}
		optimizer, err := Value[*Dict](d, "optimizer")
		if err != nil {
			t.Fatal(err)
		}
		state, _ := Value[*Dict](optimizer, "state")
		first, err := Value[*Dict](state, 0)
		if err != nil {
			t.Fatal(err)
		}
		if step := tensorAt(t, first, "step"); len(step.Shape) != 0 || values(step)[0] != 1 {
			t.Errorf("step %v %v", step.Shape, values(step))
		}
		groups, _ := Value[[]any](optimizer, "param_groups")
		if lr, err := Value[float64](groups[0].(*Dict), "lr"); err != nil || lr != 0.5 {
			t.Errorf("lr %v, %v", lr, err)
		}
	})
}

// 2.15 wrote all protocols, the others the two ends.
func TestPickleProtocolsOfEveryTorchVersionAreRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "torch-*", "protocol[2345].pt"))
	if err != nil || len(files) != 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		v, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := v.(*Dict)
		if w := tensorAt(t, d, "w"); !slices.Equal(values(w), []float32{0, 1, 2}) {
			t.Errorf("%s: w %v", path, values(w))
		}
		for key, want := range map[string]string{
			"text": `"größe"`, "bytes": "checkpoint.Bytes{0x0, 0xff}", "bytearray": "checkpoint.Bytes{0x61, 0x62}",
			"set": "checkpoint.Set{3}", "frozen": "checkpoint.Set{4}", "tuple": "checkpoint.Tuple{1, 2, 3, 4}",
			"big": "1180591620717411303424", "size": "checkpoint.Tuple{2, 3}", "device": `"cpu"`, "dtype": `"torch.float16"`,
		} {
			if got, _ := d.Get(key); fmt.Sprintf("%#v", got) != want {
				t.Errorf("%s: %s: %#v, want %s", path, key, got, want)
			}
		}
		if o, err := Value[*Dict](d, "ordered"); err != nil || !o.Ordered || fmt.Sprint(o.Keys()) != "[a]" {
			t.Errorf("%s: ordered %v, %v", path, o, err)
		}
	}
}

func TestALightningCheckpointGivesItsStateDict(t *testing.T) {
	path := filepath.Join("testdata", "torch-2.15.0", "lightning.ckpt")
	v, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	model, key, ok := StateDict(v)
	if !ok || key != "state_dict" || fmt.Sprint(model.Keys()) != "[layer.weight layer.bias]" {
		t.Fatalf("state dict %v under %q, %v", model.Keys(), key, ok)
	}
	if w := tensorAt(t, model, "layer.weight"); !slices.Equal(values(w), []float32{0, 1, 2, 3, 4, 5}) {
		t.Errorf("layer.weight %v", values(w))
	}
	for _, key := range []string{"hyper_parameters", "loops", "callbacks", "optimizer_states"} {
		if _, ok := v.(*Dict).Get(key); !ok {
			t.Errorf("no %s", key)
		}
	}
	hyper, _ := Value[*Dict](v.(*Dict), "hyper_parameters")
	if width, err := Value[int64](hyper, "width"); err != nil || width != 3 {
		t.Errorf("width %v, %v", width, err)
	}
	_, err = Load(path)
	wantUserError(t, err, "a Lightning checkpoint, expected a training checkpoint")
}
