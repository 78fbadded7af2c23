package trainer

import (
	"context"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/metrics"
)

// fitFactors and judgeFactors are how many samples are drawn, at most, of data whose
// factors a program knows: as many as disentanglement_lib draws to fit its predictors, and
// to judge them.
const fitFactors, judgeFactors = 10000, 5000

// factors tell how well single latents stand for known factors: those of source shapes, of
// which fresh samples are drawn, or labels of several columns. There are none for other data,
// and none where a model is given a label: a single factor is told from no other.
func (e *evaluation) factors(ctx context.Context, m infer.Embedder, s *dataset.Split) ([]metrics.Value, error) {
	spec, err := e.trained.dataSpec(e.cfg.Data)
	if err != nil {
		return nil, err
	}
	_, given := m.(*infer.Given)
	switch {
	case given || e.data.LabelShape == nil || spec.Source != "shapes" && labelWidth(e.data.LabelShape) < 2:
		return nil, nil
	case spec.Source == "shapes":
		if e.fresh == nil {
			e.fresh, err = e.freshFactors(ctx, m, spec)
		}
		return e.fresh, err
	}
	test, err := e.coded(ctx, e.data, m, s, e.limits.samples)
	if err != nil {
		return nil, err
	}
	if s == e.data.Train {
		return apart(ctx, test, e.data.LabelNames)
	}
	fit, err := e.coded(ctx, e.data, m, e.data.Train, e.limits.samples)
	if err != nil {
		return nil, err
	}
	return disentangled(ctx, fit, test, test, e.data.LabelNames)
}

func (e *evaluation) freshFactors(ctx context.Context, m infer.Embedder, spec dataset.Spec) ([]metrics.Value, error) {
	spec.Count = min(fitFactors, e.limits.samples) + min(judgeFactors, (e.limits.samples+1)/2)
	spec.Seed, spec.Label, spec.Split = spec.Seed+1, "", dataset.Fractions{Train: 1}
	data, err := dataset.Open(spec)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	all, err := e.coded(ctx, data, m, data.Train, spec.Count)
	if err != nil {
		return nil, err
	}
	return apart(ctx, all, data.LabelNames)
}

// apart fits on the first two thirds of samples and judges on the others.
func apart(ctx context.Context, all metrics.Coded, names []string) ([]metrics.Value, error) {
	n := all.Len() * 2 / 3
	fit, test := all, all
	fit.Mu, fit.Truth = all.Mu[:n*all.K], all.Truth[:n*all.F]
	test.Mu, test.Truth = all.Mu[n*all.K:], all.Truth[n*all.F:]
	return disentangled(ctx, fit, test, fit, names)
}

// disentangled are all measures: predictors are fitted on fit and judged on test, and what
// needs none is computed on whole.
func disentangled(ctx context.Context, fit, test, whole metrics.Coded, names []string) ([]metrics.Value, error) {
	sap, err := metrics.SAP(ctx, fit, test)
	if err != nil {
		return nil, err
	}
	dci, err := metrics.DCI(ctx, fit, test)
	if err != nil {
		return nil, err
	}
	values := append(metrics.MIG(whole, names), sap)
	return append(append(values, dci...), metrics.FactorVAEScore(whole)), nil
}

// coded are the means of q(z|x) of the first samples of a split, with their factors.
func (e *evaluation) coded(ctx context.Context, data *dataset.Data, m infer.Embedder, s *dataset.Split, most int) (c metrics.Coded, err error) {
	c.F = labelWidth(data.LabelShape)
	err = e.each(ctx, data, s, most, "codes of factors", func(b judged) error {
		mu, err := m.Embed(b.tensor, "mean", nil)
		if err != nil {
			return err
		}
		c.K = int(mu.Size(1))
		c.Mu, c.Truth = append(c.Mu, mu.Float32s()...), append(c.Truth, b.labels...)
		return nil
	})
	return c, err
}
