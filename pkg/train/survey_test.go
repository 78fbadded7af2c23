package train_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/train"
)

// surveying keeps the first number of each sample that it is shown.
type surveying struct {
	*regression `torch:""`
	seen        []float64
	sizes       []int64
	most        int
}

func (m *surveying) Survey(batches iter.Seq[model.Batch]) {
	for b := range batches {
		m.seen = append(m.seen, b.X.Narrow(1, 0, 1).Flatten(0, 1).Float64s()...)
		m.sizes = append(m.sizes, b.X.Size(0))
		if len(m.seen) >= m.most {
			break
		}
	}
}

// numbered has the row as the first number of a sample.
type numbered struct {
	plane
	reads, good int
}

var errBroken = errors.New("broken")

// Read fails after the good reads.
func (s *numbered) Read(dst []float32, rows []int) error {
	for i, r := range rows {
		dst[3*i], dst[3*i+1], dst[3*i+2] = float32(r), 0, 0
	}
	if s.reads++; s.reads > s.good {
		return errBroken
	}
	return nil
}

// A fresh run shows a model all of a small split, and evenly spaced samples of a large one,
// until it has enough; a resumed one shows it nothing.
func TestModelsSurveyTheTrainingData(t *testing.T) {
	torchtest.Run(t, func() error {
		var m *surveying
		j := &journal{}
		try := func(n, most, good int, resume *train.Snapshot) error {
			cfg := config()
			cfg.Steps = 1
			_, err := fit(context.Background(), cfg, j, func(p *train.Parts) {
				m = &surveying{regression: p.Model.(*regression), most: most}
				p.Model, p.Train, p.Resume = m, &numbered{plane: plane{n: n}, good: good}, resume
			})
			return err
		}
		if err := try(23, 100, 1000, nil); err != nil {
			return err
		}
		all := make([]float64, 23)
		for i := range all {
			all[i] = float64(i)
		}
		if !slices.Equal(m.seen, all) || m.sizes[0] != int64(config().BatchSize) {
			t.Errorf("samples %v in batches of %v", m.seen, m.sizes)
		}
		if err := try(3<<16, 6, 1000, nil); err != nil {
			return err
		}
		if !slices.Equal(m.seen[:4], []float64{0, 3, 6, 9}) || len(m.seen) >= 6+config().BatchSize {
			t.Errorf("samples %v of a large split", m.seen)
		}
		if err := try(23, 100, 1000, j.last); err != nil || len(m.seen) > 0 {
			t.Errorf("err %v; a resumed run showed %v", err, m.seen)
		}
		if err := try(23, 100, 2, nil); !errors.Is(err, errBroken) { // the first read is Probe's
			t.Errorf("err %v", err)
		}
		return nil
	})
}
