package torchtest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/safetensors"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Golden is a file of interop/parity: tensors that plain PyTorch computed.
type Golden struct {
	t    testing.TB
	path string
	*safetensors.File
}

// OpenGolden reads NAME.safetensors.
func OpenGolden(t testing.TB, name string) Golden {
	t.Helper()
	path := filepath.Join(folder(t), name+".safetensors")
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return Golden{t, path, f}
}

// ReadTable reads NAME.json, the description of golden data.
func ReadTable(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder(t), name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

var dtypes = map[string]torch.DType{"F32": torch.Float32, "F64": torch.Float64, "I64": torch.Int64}

// Get is the named tensor in the running scope; a missing one fails the test.
func (g Golden) Get(name string) *torch.Tensor {
	g.t.Helper()
	a, ok := g.File.Tensor(name)
	if !ok {
		g.t.Fatalf("%s has no %s", g.path, name)
	}
	dtype, ok := dtypes[a.DType]
	if !ok {
		g.t.Fatalf("%s: %s is %s", g.path, name, a.DType)
	}
	return torch.FromBytes(a.Data, dtype, a.Shape)
}

// Has says whether there is such a tensor.
func (g Golden) Has(name string) bool {
	_, ok := g.File.Tensor(name)
	return ok
}

// folder is interop/parity of the checkout around the working directory.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "interop", "parity")
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
	}
}

// SameBits fails t unless got and want have one dtype, shape and content.
func SameBits(t testing.TB, what string, got, want *torch.Tensor) {
	t.Helper()
	if got.DType() != want.DType() || !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("%s is %v %v, want %v %v", what, got.DType(), got.Shape(), want.DType(), want.Shape())
		return
	}
	if !bytes.Equal(got.Raw(), want.Raw()) {
		t.Errorf("%s differs by %.2g of its largest value, expected the same bits", what, Gap(got.Float64s(), want.Float64s()))
	}
}
