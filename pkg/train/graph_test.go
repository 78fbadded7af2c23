package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	settings "github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// sections are model sections of every variant, with what changes from step to step in
// them.
var sections = map[string][]string{
	"vae/vae": {
		"{type: vae, latent_dim: 2, encoder: {hidden_dims: [8]}, likelihood: gaussian}",
		"{type: vae, latent_dim: 2, encoder: {kind: resnet, channels: [8], blocks: 1, hidden_dims: [6]}}",
		"{type: vae, latent_dim: 2, encoder: {hidden_dims: [8]}, likelihood: gaussian, sigma: 0.5, kl: {schedule: cyclical, steps: 150, cycles: 3}}",
		"{type: vae, latent_dim: 2, encoder: {hidden_dims: [8]}, likelihood: laplace, kl: {schedule: linear, steps: 90, free_bits: 0.1}}",
		"{type: vae, latent_dim: 2, encoder: {hidden_dims: [4]}, likelihood: categorical}",
	},
	"vae/beta_vae":   {"{type: vae, variant: beta_vae, latent_dim: 2, encoder: {kind: conv, channels: [2, 2], hidden_dims: [6]}}"},
	"vae/vamp":       {"{type: vae, variant: vamp, latent_dim: 2, components: 4, encoder: {hidden_dims: [8]}, kl: {schedule: linear, steps: 90}}"},
	"vae/factor_vae": {"{type: vae, variant: factor_vae, latent_dim: 2, encoder: {hidden_dims: [8]}, discriminator: {hidden_dims: [8, 6], lr: 0.01}}"},
	"vae/cvae":       {"{type: vae, variant: cvae, latent_dim: 2, labels: embedding, label_dim: 3, prior: label, encoder: {hidden_dims: [8]}}"},
	"vae/info_vae":   {"{type: vae, variant: info_vae, latent_dim: 2, encoder: {hidden_dims: [8]}, alpha: 0.2, lambda: 5, kl: {schedule: linear, steps: 90}}"},
	"vae/msssim_vae": {"{type: vae, variant: msssim_vae, latent_dim: 2, encoder: {hidden_dims: [8]}, kl: {schedule: linear, steps: 90}}"},
	"vae/wae_mmd":    {"{type: vae, variant: wae_mmd, latent_dim: 2, encoder: {hidden_dims: [8]}, kernel: rbf}"},
	"vae/vq_vae": {
		"{type: vae, variant: vq_vae, latent_dim: 3, codes: 12, decay: 0.8, encoder: {channels: [4], blocks: 1}}",
		"{type: vae, variant: vq_vae, latent_dim: 3, codes: 200, codebook: gradient, encoder: {kind: conv, channels: [4, 4]}}",
	},
	"vae/ae":           {"{type: vae, variant: ae, latent_dim: 2, encoder: {hidden_dims: [8]}}"},
	"vae/denoising_ae": {"{type: vae, variant: denoising_ae, latent_dim: 2, encoder: {hidden_dims: [8]}, corruption: masking}"},
	"vae/capacity":     {"{type: vae, variant: capacity, latent_dim: 2, gamma: 10, capacity: 4, capacity_steps: 90, encoder: {hidden_dims: [8]}}"},
	"vae/sigma_vae":    {"{type: vae, variant: sigma_vae, latent_dim: 2, encoder: {hidden_dims: [8]}}", "{type: vae, variant: sigma_vae, latent_dim: 2, sigma: learned, encoder: {hidden_dims: [8]}, kl: {free_bits: 0.2}}"},
	"vae/iwae":         {"{type: vae, variant: iwae, latent_dim: 2, samples: 3, encoder: {hidden_dims: [8]}}", "{type: vae, variant: iwae, latent_dim: 2, samples: 3, dreg: true, encoder: {hidden_dims: [8]}, likelihood: gaussian, kl: {schedule: linear, steps: 90}}"},
	"vae/beta_tc_vae":  {"{type: vae, variant: beta_tc_vae, latent_dim: 3, encoder: {hidden_dims: [8]}}", "{type: vae, variant: beta_tc_vae, latent_dim: 3, estimator: mws, encoder: {hidden_dims: [8]}, kl: {schedule: linear, steps: 90}}"},
	"vae/dip_vae_i":    {"{type: vae, variant: dip_vae_i, latent_dim: 3, lambda_d: 2, lambda_od: 1, encoder: {hidden_dims: [8]}}"},
	"vae/dip_vae_ii":   {"{type: vae, variant: dip_vae_ii, latent_dim: 3, lambda_d: 3, encoder: {hidden_dims: [8]}}"},
	"sae/relu_l1": {
		"{type: sae, d_sae: 24, sparsity_warmup_steps: 90, dead_after_samples: 40, b_dec_init: mean}",
		"{type: sae, d_sae: 24, sparsity_warmup_steps: 9, decoder_constraint: none, normalize_activations: expected_average_only_in}",
		"{type: sae, d_sae: 24, sparsity_warmup_steps: 9, dead_after_samples: 40, ghost_gradients: true, resample_every_steps: 30, resample_warmup_steps: 9, target_l0: 4}",
	},
	"sae/topk": {
		"{type: sae, variant: topk, d_sae: 24, k: 3, aux_k: 4, dead_after_samples: 40}",
		"{type: sae, variant: topk, d_sae: 24, k: 3, k_start: 9, k_anneal_steps: 130, multi_topk: true, aux_k: 4, dead_after_samples: 40}",
		"{type: sae, variant: topk, compat: sparsify, d_sae: 24, k: 3, k_start: 20, k_anneal_steps: 90, multi_topk: true, dead_after_samples: 40}",
		"{type: sae, variant: topk, d_sae: 24, k: 3, normalize_activations: layer_norm, apply_b_dec_to_input: false, dead_after_samples: 40}",
	},
	"sae/batch_topk": {
		"{type: sae, variant: batch_topk, d_sae: 24, k: 2.5, aux_k: 4, dead_after_samples: 40}",
		"{type: sae, variant: batch_topk, d_sae: 24, k: 2.5, k_start: 10, k_anneal_steps: 130, aux_k: 4, dead_after_samples: 40}",
	},
	"sae/matryoshka": {"{type: sae, variant: matryoshka, d_sae: 24, k: 3, prefixes: [4, 10, 24], dead_after_samples: 40}"},
	"sae/gated":      {"{type: sae, variant: gated, d_sae: 24, sparsity_warmup_steps: 90, dead_after_samples: 40, resample_every_steps: 70}"},
	"sae/jump_relu":  {"{type: sae, variant: jump_relu, d_sae: 24, sparsity_warmup_steps: 90, bandwidth: 0.5, threshold_init: 0.1, dead_after_samples: 40}", "{type: sae, variant: jump_relu, penalty: tanh, d_sae: 24, sparsity_warmup_steps: 9, bandwidth: 0.5, threshold_init: 0.1}"},
	"sae/p_anneal": {
		"{type: sae, variant: p_anneal, d_sae: 24, sparsity_warmup_steps: 9, dead_after_samples: 40, anneal_start_step: 40, anneal_end_step: 160, anneal_updates: 5, target_l0: 4}",
		"{type: sae, variant: p_anneal, compat: dictionary_learning, d_sae: 24, sparsity_warmup_steps: 9, dead_after_samples: 40, anneal_start_step: 40, anneal_end_step: 160, anneal_updates: 5, resample_every_steps: 60}",
	},
	"sae/transcoder": {
		"{type: sae, variant: transcoder, d_sae: 24, k: 3, aux_k: 4, dead_after_samples: 40}",
		"{type: sae, variant: transcoder, activation: relu, d_sae: 24, sparsity_warmup_steps: 9, target_l0: 4}",
	},
	"sae/skip_transcoder": {
		"{type: sae, variant: skip_transcoder, activation: relu, d_sae: 24, sparsity_warmup_steps: 9}",
		"{type: sae, variant: skip_transcoder, d_sae: 24, k: 3, aux_k: 4, multi_topk: true, dead_after_samples: 40}",
	},
	"sae/crosscoder": {
		"{type: sae, variant: crosscoder, d_sae: 24, decoder_init_norm: 1, sparsity_warmup_steps: 9}",
		"{type: sae, variant: crosscoder, d_sae: 24, sparsity_warmup_steps: 9, dead_after_samples: 40, ghost_gradients: true, resample_every_steps: 60}",
	},
	"custom_model/custom": {
		"{type: custom_model, loss: cross_entropy, layers: [flatten, linear: 12, batch_norm1d, relu, dropout: 0.3, linear: 3]}",
		"{type: custom_model, loss: mse, target: input, layers: [conv2d: {out: 2, kernel: 3, padding: 1}, batch_norm2d, gelu, flatten, layer_norm, linear: 64]}",
		"{type: custom_model, loss: gaussian_nll, layers: [flatten, unflatten: [8, 8], residual: [layer_norm, attention: 2], residual: [linear: 4], group_norm: 2, flatten, linear: 2]}",
		"{type: custom_model, loss: bce_with_logits, target: input, torchscript: ../model/custom/testdata/auto.pt}",
	},
	"custom_model/multi_head": {
		"{type: custom_model, variant: multi_head, inputs: [{name: upper, take: [0, 32], shape: [1, 4, 8], layers: [conv2d: {out: 2, kernel: 3}, max_pool2d: 2]}, {name: all, layers: [linear: 4, dropout: 0.2]}], " +
			"layers: [linear: 8, elu], heads: [{name: kind, loss: cross_entropy, label_smoothing: 0.1, class_weights: [1, 2, 3], layers: [linear: 3]}, {name: image, loss: huber, target: input, weight: 3, layers: [linear: 64]}]}",
		"{type: custom_model, variant: multi_head, inputs: [{name: upper, take: upper, layers: [conv2d: {out: 2, kernel: 3}]}, {name: words, take: word, layers: [embedding: {num: 2, dim: 3}]}], " +
			"heads: [{name: kind, loss: cross_entropy, take: kind, layers: [linear: 3]}, {name: image, loss: mae, target: input, layers: [linear: 64]}]}",
	},
}

// parts are the names of the two halves of an image, and of its label.
func parts(in model.Inputs) model.Inputs {
	in.Parts = []model.Span{{Name: "upper", From: 0, To: 32, Shape: []int64{1, 4, 8}}, {Name: "word", From: 32, To: 64, Shape: []int64{32}}}
	in.LabelParts = []model.Span{{Name: "kind", From: 0, To: 1, Shape: []int64{}}}
	return in
}

var optimizers = []optim.Config{
	{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8},
	{Name: "sgd", Momentum: 0.9, Dampening: 0.1, Nesterov: false},
	{Name: "adamw", Beta1: 0.8, Beta2: 0.99, Eps: 1e-6, WeightDecay: 0.02},
}

// captured is a run of a section, as it is or with captured steps.
type captured struct {
	section string
	cfg     train.Config
	from    *train.Snapshot
	edit    func(*train.Parts)
}

const images, batchSize = 23, 5

// run trains and answers what was told and kept, and the double if there is one.
func (c captured) run(t *testing.T, double bool) (*journal, *ladder, *train.Double) {
	t.Helper()
	text := "experiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel: " + c.section + "\n"
	parsed, _, err := settings.ParseTrain("test.yaml", []byte(text), settings.Options{Models: builtin.Registry()})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := builtin.Registry().Find(parsed.Model.Type, parsed.Model.Variant)
	j, kept := &journal{}, &ladder{}
	var d *train.Double
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		torch.Seed(5)
		in := parts(model.Inputs{Shape: []int64{1, 8, 8}, LabelShape: []int64{}, Classes: 3})
		m, err := v.Build(parsed.Model.Params, in, nn.Default(scope))
		if err != nil {
			return err
		}
		data, sequence := &pictures{}, &order{n: images, batch: batchSize}
		if c.from != nil {
			sequence.pos = c.from.Position
			data.read = int(5*c.from.Position.Epoch + (c.from.Position.Samples+batchSize-1)/batchSize)
		}
		p := train.Parts{Model: m, Inputs: in, Device: torch.CPU, Train: data, Val: &pictures{poisoned: -1}, Order: sequence, Checkpoints: kept, Observer: j, Resume: c.from}
		if c.edit != nil {
			c.edit(&p)
		}
		if p.Metrics, err = train.Probe(p.Model, &pictures{poisoned: -1}, in, p.Device, batchSize); err != nil {
			return err
		}
		if double {
			_, d, err = train.RunCaptured(context.Background(), c.cfg, p)
		} else {
			_, err = train.Run(context.Background(), c.cfg, p)
		}
		return err
	})
	return j, kept, d
}

// pictures are 8×8 images of three classes; the batch read as number poisoned holds NaN.
type pictures struct{ read, poisoned int }

func (p *pictures) Len() int { return images }

func (p *pictures) Read(dst []float32, rows []int) error {
	for i, r := range rows {
		for j := range 64 {
			_, rough := math.Modf(math.Abs(math.Sin(float64(64*r+j+1)) * 1e4)) // what no code of few numbers has
			dst[64*i+j] = float32(0.25 + 0.25*math.Sin(float64(r%3+1)*float64(j)/9+float64(r)) + 0.5*rough)
		}
	}
	p.read++
	if poisoned := max(p.poisoned, 0) + 71; p.poisoned >= 0 && p.read == poisoned {
		dst[3] = float32(math.NaN())
	}
	return nil
}

func (p *pictures) ReadLabels(dst []float32, rows []int) error {
	for i, r := range rows {
		dst[i] = float32(r % 3)
	}
	return nil
}

// ladder keeps a snapshot every 50 steps.
type ladder struct{ rungs []*train.Snapshot }

func (l *ladder) Step(step int64, snapshot func() *train.Snapshot) error {
	if step%50 == 0 {
		l.rungs = append(l.rungs, snapshot())
	}
	return nil
}

func (l *ladder) Epoch(_, _ int64, _ bool, snapshot func() *train.Snapshot) error { return nil }

func (l *ladder) Interrupted(func() *train.Snapshot) error { return errors.New("not interrupted") }

func capturedConfig(o optim.Config) train.Config {
	return train.Config{
		Steps: 201, BatchSize: batchSize, Accumulate: 2, ClipNorm: 0.5, LogEvery: 1, Seed: 3, Optimizer: o, RequireGraph: true,
		Schedule: schedule.LR{Name: schedule.Cosine, Base: 0.01, Warmup: 30}, Monitor: train.Monitor{Name: "val/loss"},
	}
}

// Every loss and metric of 201 steps, and every checkpoint on the way, with warm-ups,
// schedules, clipping, accumulation, a ragged last batch and one that is not finite.
func TestCapturedStepsAreThePlainSteps(t *testing.T) {
	number := 0
	for _, v := range builtin.Registry() {
		name := v.Type + "/" + v.Name
		if len(sections[name]) == 0 {
			t.Errorf("%s has no section in this test; add one", name)
		}
		for _, section := range sections[name] {
			c := captured{section: section, cfg: capturedConfig(optimizers[number%len(optimizers)])}
			number++
			t.Run(fmt.Sprint(name, number), func(t *testing.T) {
				checkCaptured(t, c)
				torchtest.Result(t, name, "captured", 201)
			})
		}
	}
}

func checkCaptured(t *testing.T, c captured) {
	plain, want, _ := c.run(t, false)
	replayed, got, d := c.run(t, true)
	sameLines(t, plain.lines, replayed.lines)
	sameRungs(t, want, got)
	replays := int(c.cfg.Steps) - 3
	if d.Captures != 2 || d.Replays != replays {
		t.Errorf("%d captures and %d replays, want 2 and %d", d.Captures, d.Replays, replays)
	}
	if len(replayed.notes) != 1 || !strings.Contains(replayed.notes[0], "not finite") {
		t.Errorf("notes %q, want one of the batch that is not finite", replayed.notes)
	}
	if end := plain.lines[len(plain.lines)-1]; strings.Contains(end, "NaN") || strings.Contains(end, "Inf") {
		t.Errorf("the batch that was not finite left something behind: %s", end)
	}
	half := len(got.rungs) / 2
	c.from = got.rungs[half-1]
	resumed, last, d := c.run(t, true)
	sameLines(t, plain.lines[len(plain.lines)-len(resumed.lines):], resumed.lines)
	sameRungs(t, &ladder{want.rungs[half:]}, last)
	if rest := replays - int(c.from.Step); d.Replays != rest {
		t.Errorf("%d replays after resuming at step %d, want %d", d.Replays, c.from.Step, rest)
	}
}

func sameLines(t *testing.T, want, got []string) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d reports, want %d", len(got), len(want))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Fatalf("report %d is\n%s\nwant\n%s", i, got[i], want[i])
		}
	}
}

func sameRungs(t *testing.T, want, got *ladder) {
	t.Helper()
	if len(want.rungs) == 0 || len(want.rungs) != len(got.rungs) {
		t.Fatalf("%d snapshots, want %d", len(got.rungs), len(want.rungs))
	}
	for i := range want.rungs {
		same(t, &journal{last: want.rungs[i]}, &journal{last: got.rungs[i]})
	}
}

// fitCaptured is fit with captured steps.
func fitCaptured(ctx context.Context, cfg train.Config, j *journal, edit func(*train.Parts)) (d *train.Double, err error) {
	_, err = fitBy(func(ctx context.Context, cfg train.Config, p train.Parts) (r train.Result, err error) {
		r, d, err = train.RunCaptured(ctx, cfg, p)
		return r, err
	}, ctx, cfg, j, edit)
	return d, err
}

// counting changes its loss by a number that Go counts.
type counting struct {
	*regression `torch:""`
	calls       int
}

func (m *counting) Loss(c *model.Context, b model.Batch) model.Output {
	out := m.regression.Loss(c, b)
	if c.Train {
		m.calls++
		out.Loss = out.Loss.MulScalar(1 / float64(m.calls))
	}
	return out
}

// The test above can fail: a number of the host stays what it was at the capture.
func TestANumberOfTheHostIsFrozenInACapturedStep(t *testing.T) {
	torchtest.Run(t, func() error {
		plain, replayed := &journal{}, &journal{}
		edit := func(p *train.Parts) { p.Model = &counting{regression: p.Model.(*regression)} }
		if _, err := fit(context.Background(), config(), plain, edit); err != nil {
			return err
		}
		d, err := fitCaptured(context.Background(), config(), replayed, edit)
		if err != nil {
			return err
		}
		first := func(j *journal) string { return strings.Join(j.lines[:3], "\n") }
		if first(plain) != first(replayed) || d.Replays == 0 {
			t.Errorf("the steps before the capture differ, or nothing was replayed (%d)", d.Replays)
		}
		if strings.Join(plain.lines, "\n") == strings.Join(replayed.lines, "\n") {
			t.Error("a counter of the host went on in replayed steps")
		}
		return nil
	})
}

// sizes gives batches of 1, 2, … 6 samples in turn.
type sizes struct {
	order
	turn int
}

func (s *sizes) StepsPerEpoch() int { return 1000 }

func (s *sizes) Next() ([]int, bool) {
	s.turn++
	s.batch = s.turn%6 + 1
	rows, _ := s.order.Next()
	return rows, false
}

func TestOnlyAFewShapesAreCaptured(t *testing.T) {
	torchtest.Run(t, func() error {
		cfg := config()
		cfg.Steps, cfg.Accumulate, cfg.BatchSize = 63, 1, 6
		edit := func(p *train.Parts) { p.Order = &sizes{order: order{n: 23}} }
		plain, replayed := &journal{}, &journal{}
		if _, err := fit(context.Background(), cfg, plain, edit); err != nil {
			return err
		}
		d, err := fitCaptured(context.Background(), cfg, replayed, edit)
		if err != nil {
			return err
		}
		// The first six steps are the first of their shapes; of the 57 others those of four
		// shapes are replayed.
		if d.Captures != 4 || d.Replays != 39 {
			t.Errorf("%d captures and %d replays, want 4 and 39", d.Captures, d.Replays)
		}
		sameLines(t, plain.lines, replayed.lines)
		return nil
	})
}

func TestAStepThatCannotBeCapturedRunsAsItIs(t *testing.T) {
	torchtest.Run(t, func() error {
		refuse := func(p *train.Parts) {
			p.Capture = func(fn func()) (train.Graph, error) { return nil, errors.New("operation not permitted") }
		}
		plain, fallen := &journal{}, &journal{}
		if _, err := fit(context.Background(), config(), plain, nil); err != nil {
			return err
		}
		if _, err := fit(context.Background(), config(), fallen, refuse); err != nil {
			return err
		}
		sameLines(t, plain.lines, fallen.lines)
		if len(fallen.notes) != 1 || !strings.Contains(fallen.notes[0], "operation not permitted") {
			t.Errorf("notes %q, want one with the reason", fallen.notes)
		}
		strict := config()
		strict.RequireGraph = true
		_, err := fit(context.Background(), strict, &journal{}, refuse)
		if err == nil || !strings.Contains(err.Error(), "step 4: capture the training step: operation not permitted") {
			t.Errorf("err = %v", err)
		}
		return nil
	})
}
