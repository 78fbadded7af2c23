package infer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// counting has samples of two elements: row i is (i, -i).
type counting struct {
	n, failAt int
}

func (c counting) Len() int { return c.n }

var errBroken = errors.New("broken file")

func (c counting) Read(dst []float32, rows []int) error {
	for i, r := range rows {
		if c.failAt > 0 && r >= c.failAt {
			return errBroken
		}
		dst[2*i], dst[2*i+1] = float32(r), float32(-r)
	}
	return nil
}

type collect struct {
	n     int
	shape []int64
	rows  []float32
	full  int // Rows fails beyond so many values
}

func (c *collect) Begin(n int, shape []int64) error {
	c.n, c.shape = n, shape
	return nil
}

var errFull = errors.New("no space left")

func (c *collect) Rows(v []float32) error {
	if c.rows = append(c.rows, v...); c.full > 0 && len(c.rows) > c.full {
		return errFull
	}
	return nil
}

func double(x *torch.Tensor) (*torch.Tensor, error) { return x.MulScalar(2), nil }

func TestRowsKeepTheOrderOfTheData(t *testing.T) {
	for _, size := range []int{1, 3, 7, 20, 64} {
		sink := &collect{}
		torchtest.Run(t, func() error {
			return infer.Run(context.Background(), infer.Job{Rows: counting{n: 20}, Shape: []int64{2}, Device: torch.CPU, Batch: size, Apply: double, Sink: sink})
		})
		if sink.n != 20 || len(sink.shape) != 1 || sink.shape[0] != 2 || len(sink.rows) != 40 {
			t.Fatalf("batch %d: got %d values of %d rows of shape %v", size, len(sink.rows), sink.n, sink.shape)
		}
		for i := range 20 {
			if sink.rows[2*i] != float32(2*i) || sink.rows[2*i+1] != float32(-2*i) {
				t.Fatalf("batch %d: row %d is %v", size, i, sink.rows[2*i:2*i+2])
			}
		}
	}
}

func TestErrorsOfReaderSinkAndModelEndTheRun(t *testing.T) {
	misfit := func(x *torch.Tensor) (*torch.Tensor, error) { return x.MatMul(torch.Zeros([]int64{3, 3})), nil }
	var shape *torch.Error
	for name, c := range map[string]struct {
		job  infer.Job
		want func(error) bool
	}{
		"reader": {infer.Job{Rows: counting{20, 9}, Apply: double, Sink: &collect{}}, func(err error) bool { return errors.Is(err, errBroken) }},
		"sink":   {infer.Job{Rows: counting{n: 20}, Apply: double, Sink: &collect{full: 10}}, func(err error) bool { return errors.Is(err, errFull) }},
		"model":  {infer.Job{Rows: counting{n: 20}, Apply: misfit, Sink: &collect{}}, func(err error) bool { return errors.As(err, &shape) }},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				c.job.Shape, c.job.Device, c.job.Batch = []int64{2}, torch.CPU, 4
				if err := infer.Run(context.Background(), c.job); err == nil || !c.want(err) {
					t.Errorf("err = %v", err)
				}
				return nil
			})
		})
	}
}
