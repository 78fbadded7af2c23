package checkpoint

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSummarizeReadsNoTensors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "best_model.pt")
	weight := &Tensor{DType: Float32, Shape: []int64{2, 3}, Data: make([]byte, 24)}
	file := &File{Epoch: 7, MetricValue: 0.25, Config: NewDict("model", NewDict("type", "vae")), Model: NewDict("w", weight)}
	if err := Save(path, file); err != nil {
		t.Fatal(err)
	}
	s, err := Summarize(path)
	if err != nil {
		t.Fatal(err)
	}
	model, _ := Value[*Dict](s.Config, "model")
	typ, _ := model.Get("type")
	if s.Epoch != 7 || s.MetricValue != 0.25 || s.Parameters != 6 || typ != "vae" {
		t.Errorf("found %+v, type %v", s, typ)
	}
}

func TestSummarizeNamesAFileThatIsNoCheckpoint(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "best_model.pt")
	if err := os.WriteFile(path, []byte("no zip"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, dir, filepath.Join(dir, "missing.pt")} {
		_, err := Summarize(p)
		if e, ok := err.(*Error); !ok || e.Path != p {
			t.Errorf("%s: %v, want an *Error that names it", p, err)
		}
	}
}
