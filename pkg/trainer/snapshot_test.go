package trainer

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// What only some runs have: those on a GPU, here in a build and on a machine without one,
// and those of a model with an adversary.
func TestWhatOnlySomeRunsHaveComesBackFromAFile(t *testing.T) {
	sampler := dataset.NewSampler(10, 2, 7, false)
	s := &train.Snapshot{
		Epoch: 3, Step: 17, Position: train.Position{Epoch: 3, Samples: 4},
		Model:      []train.Tensor{{Name: "w", DType: torch.Float32, Shape: []int64{1}, Data: []byte{0, 0, 128, 63}}},
		ModelState: []train.Tensor{}, Optimizer: train.OptimizerState{Params: 1, State: map[int64][]train.Tensor{}},
		RNG: []byte{5, 6}, CUDARNG: [][]byte{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
		Sums: []float64{1, 2, 3}, Window: []float64{0, 1, 2}, Scale: &train.ScaleState{Scale: 4096, GrowthTracker: 12},
		Adversary: &train.OptimizerState{Params: 1, State: map[int64][]train.Tensor{
			0: {{Name: "exp_avg", DType: torch.Float32, Shape: []int64{1}, Data: []byte{0, 0, 0, 64}}},
		}},
	}
	path := filepath.Join(t.TempDir(), "resume.pt")
	err := checkpoint.Save(path, toFile(s, facts{Sampler: sampler.State(), Config: map[string]any{}}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := fromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.CUDARNG, s.CUDARNG) || !reflect.DeepEqual(got.Scale, s.Scale) || !reflect.DeepEqual(got.RNG, s.RNG) || got.Position != s.Position || !reflect.DeepEqual(got.Adversary, s.Adversary) {
		t.Errorf("%+v came back as %+v", s, got)
	}
}
