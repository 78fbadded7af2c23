package trainer

import (
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/npy"
)

// densityFile has, of an evaluated split, the share of the samples that activate each latent
// of a sparse autoencoder: float32 [m].
func densityFile(dir, split string) string { return filepath.Join(dir, split+"_densities.npy") }

func writeDensities(dir string, r evaluated) (written, error) {
	path, shape := densityFile(dir, r.split), []int64{int64(len(r.shares))}
	w, err := npy.Create(path, "f4", shape)
	if err != nil {
		return written{}, err
	}
	defer w.Abort()
	if err := w.WriteFloat32s(r.shares); err != nil {
		return written{}, err
	}
	return written{Path: path, Shape: shape}, w.Close()
}

// densities are those of the largest split on which this checkpoint was evaluated; nil where
// it was on none.
func (t *trained) densities() (shares []float32) {
	most, dir := 0, filepath.Join(t.dir, "evaluation")
	for _, split := range []string{"train", "val", "test"} {
		saved, err := readEvaluation(filepath.Join(dir, split+"_evaluation.json"))
		if err != nil || saved.Samples <= most || saved.Epoch != t.file.Epoch || filepath.Base(saved.Checkpoint) != filepath.Base(t.path) {
			continue
		}
		if found, err := readDensities(densityFile(dir, split)); err == nil {
			most, shares = saved.Samples, found
		}
	}
	return shares
}

func readDensities(path string) ([]float32, error) {
	a, err := npy.Open(path, npy.Options{Mode: npy.InMemory})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	shares, rows := make([]float32, a.Rows()*int64(a.RowLen())), make([]int, a.Rows())
	for i := range rows {
		rows[i] = i
	}
	return shares, a.Gather(shares, rows, nil)
}
