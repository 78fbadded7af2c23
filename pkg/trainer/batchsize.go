package trainer

import (
	"context"
	"fmt"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// largestOnCPU bounds data.batch_size: auto there: larger batches make steps no faster a
// sample, only fewer.
const largestOnCPU = 4096

// findBatchSize settles data.batch_size: auto, in the config and in what is saved of it,
// by steps of a model of its own, which leaves no trace in the run's. It runs inside
// Engine.Do.
func (s *session) findBatchSize(ctx context.Context, doc *config.Document) error {
	if s.cfg.Data.BatchSize != 0 {
		return nil
	}
	most := 1
	for 2*most <= s.data.Train.Len() && (s.parts.Device.IsCUDA() || 2*most <= largestOnCPU) {
		most *= 2
	}
	found, err := s.tryBatches(ctx, most)
	if err != nil {
		return fmt.Errorf("data.batch_size: auto: %w", err)
	}
	s.notices = append(s.notices, fmt.Sprintf("data.batch_size: auto is %d on %s", found, s.parts.Device))
	return settleBatchSize(s.cfg, doc, found)
}

func settleBatchSize(cfg *config.Train, doc *config.Document, n int) error {
	cfg.Data.BatchSize = n
	return doc.Settle("data.batch_size", n)
}

// sameBatchSize gives a run that goes on the batch size that was found for it.
func (r *resumption) sameBatchSize(cfg *config.Train, doc *config.Document) error {
	if cfg.Data.BatchSize != 0 {
		return nil
	}
	before, _, err := r.config(config.Options{Models: models()})
	if err != nil {
		return err
	}
	return settleBatchSize(cfg, doc, before.Data.BatchSize)
}

func (s *session) tryBatches(ctx context.Context, most int) (n int, err error) {
	scope := torch.NewScope("trial")
	defer scope.Close()
	m, err := s.newModel(scope)
	if err != nil {
		return 0, err
	}
	p := s.parts
	p.Model, p.Train = m, s.data.Train
	if p.Metrics, err = train.Probe(m, p.Train, p.Inputs, p.Device, 1); err != nil {
		return 0, err
	}
	return train.FitBatch(ctx, s.trainConfig(), p, most)
}
