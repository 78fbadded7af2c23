package train_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// wideLoss checks that a model's loss and its terms are float32.
type wideLoss struct {
	model.Model `torch:""`
	t           *testing.T
}

func (m wideLoss) Loss(c *model.Context, b model.Batch) model.Output {
	out := m.Model.Loss(c, b)
	for _, v := range append([]model.Metric{{Name: "loss", Value: out.Loss}}, out.Metrics...) {
		if d := v.Value.DType(); d != torch.Float32 {
			m.t.Fatalf("%s is %v", v.Name, d)
		}
	}
	return out
}

// Mixed precision, captured or not, gives the same run; it is near that of float32, and
// its losses are float32.
func TestMixedPrecisionTrainsEveryVariant(t *testing.T) {
	for _, precision := range []train.Precision{train.BF16, train.FP16} {
		for i, v := range builtin.Registry() {
			section := sections[v.Type+"/"+v.Name][0]
			c := captured{section: section, cfg: capturedConfig(optimizers[i%len(optimizers)])}
			c.cfg.Steps, c.cfg.Accumulate = 60, 1
			t.Run(fmt.Sprint(precision, v.Type, v.Name), func(t *testing.T) {
				exact, _, _ := c.run(t, false)
				c.cfg.Precision = precision
				replayed, _, _ := c.run(t, true)
				c.edit = func(p *train.Parts) {
					if !hooked(p.Model) { // its wrapper would hide the hooks
						p.Model = wideLoss{p.Model, t}
					}
				}
				plain, _, _ := c.run(t, false)
				sameLines(t, plain.lines, replayed.lines)
				if v.Name != "topk" { // whose CPU kernels are of float32 throughout
					differ(t, exact.lines, plain.lines)
				}
				near(t, exact.lines[len(exact.lines)-1], plain.lines[len(plain.lines)-1])
			})
		}
	}
}

func differ(t *testing.T, exact, mixed []string) {
	t.Helper()
	if strings.Join(exact, "\n") == strings.Join(mixed, "\n") {
		t.Error("mixed precision changed nothing")
	}
}

func hooked(m model.Model) bool {
	_, starts := m.(train.DataInit)
	_, ends := m.(train.AfterStep)
	_, apart := m.(train.Adversary)
	return starts || ends || apart
}

// near compares the train/loss of two epoch lines.
func near(t *testing.T, exact, mixed string) {
	t.Helper()
	a, b := trainLoss(t, exact), trainLoss(t, mixed)
	if !(math.Abs(a-b) <= 0.1*math.Abs(a)) {
		t.Errorf("the loss is %v, in float32 %v", b, a)
	}
}

func trainLoss(t *testing.T, line string) (v float64) {
	t.Helper()
	_, after, ok := strings.Cut(line, "{train/loss ")
	if _, err := fmt.Sscan(strings.NewReplacer("}", " ", "]", " ").Replace(after), &v); !ok || err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return v
}

// steep makes its gradients overflow float16 while the loss scale is above 1024.
type steep struct {
	*regression `torch:""`
}

func (m steep) Loss(c *model.Context, b model.Batch) model.Output {
	out := m.regression.Loss(c, b)
	out.Loss = out.Loss.To(torch.Float16).MulScalar(16).To(torch.Float32)
	return out
}

func TestFP16LowersTheLossScaleUntilNothingOverflows(t *testing.T) {
	torchtest.Run(t, func() error {
		cfg := config()
		cfg.Precision = train.FP16
		edit := func(p *train.Parts) { p.Model = steep{p.Model.(*regression)} }
		whole := &journal{}
		if _, err := fit(context.Background(), cfg, whole, edit); err != nil {
			return err
		}
		s := whole.last.Scale
		if s == nil || s.Scale >= torch.InitScale || s.Scale < 1 || s.GrowthTracker == 0 {
			t.Errorf("loss scale %+v after the run", s)
		}
		if len(whole.notes) == 0 || !strings.Contains(whole.notes[0], "overflowed in fp16; the loss scale was lowered") {
			t.Errorf("notes %q", whole.notes)
		}
		ctx, cancel := context.WithCancel(context.Background())
		first := &journal{cancelAt: 5, cancel: cancel}
		_, _ = fit(ctx, cfg, first, edit)
		second := &journal{lines: first.lines}
		_, err := fit(context.Background(), cfg, second, func(p *train.Parts) {
			edit(p)
			p.Resume, p.Order = first.last, &order{n: 23, batch: 5, pos: first.last.Position}
		})
		if err != nil {
			return err
		}
		same(t, whole, second)
		if *second.last.Scale != *s {
			t.Errorf("resumed, the loss scale ends at %+v, want %+v", *second.last.Scale, *s)
		}
		return nil
	})
}
