package train_test

import (
	"context"
	"sync"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// varied is a plane that remembers for which epoch each row was read.
type varied struct {
	plane
	mu   *sync.Mutex
	read map[[2]int64]int // by epoch and row
}

func (v varied) ReadEpoch(dst []float32, rows []int, epoch int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range rows {
		v.read[[2]int64{epoch, int64(r)}]++
	}
	return v.Read(dst, rows)
}

// turning begins the next epoch where one ends, as the sampler of package dataset does.
type turning struct{ order }

func (o *turning) Next() ([]int, bool) {
	rows, last := o.order.Next()
	if last {
		o.pos = train.Position{Epoch: o.pos.Epoch + 1}
	}
	return rows, last
}

func TestTrainingReadsTheSamplesOfItsEpoch(t *testing.T) {
	v := varied{plane{n: 10}, new(sync.Mutex), map[[2]int64]int{}}
	torchtest.Run(t, func() error {
		table, err := train.MakeResident(plane{n: 10}, model.Inputs{Shape: []int64{3}, LabelShape: []int64{}}, torch.CPU)
		if err != nil {
			return err
		}
		defer table.Close()
		cfg := config()
		cfg.Epochs = 3
		_, err = fit(context.Background(), cfg, &journal{}, func(p *train.Parts) {
			p.Train, p.Order, p.Resident.Train = v, &turning{order{n: 10, batch: 4}}, table
		})
		return err
	})
	for epoch := range int64(3) {
		for row := range int64(10) {
			if n := v.read[[2]int64{epoch, row}]; n != 1 {
				t.Errorf("row %d was read %d times for epoch %d", row, n, epoch)
			}
		}
	}
}
