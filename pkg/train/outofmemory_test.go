package train_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// wide is an autoencoder of 3 numbers through many hidden units: a sample of a step takes
// much more memory than its weights.
type wide struct {
	Net *nn.Sequential `torch:"net"`
}

const hidden = 4096

func newWide(scope *torch.Scope) *wide {
	o := nn.Default(scope)
	return &wide{nn.NewSequential("net", nn.NewLinear(3, hidden, nn.WithBias, o), nn.ReLU, nn.NewLinear(hidden, 3, nn.WithBias, o))}
}

func (m *wide) Loss(c *model.Context, b model.Batch) model.Output {
	return model.Output{Loss: m.Net.Forward(b.X, c.Train).Sub(b.X).Square().Mean()}
}

// limited runs fn with room for so many bytes of tensors beside those that are there.
func limited(t *testing.T, room int64, fn func() error) error {
	t.Helper()
	defer torch.LimitHostMemory(torch.LimitHostMemory(torch.Memory(torch.CPU).Used + room))
	return fn()
}

func fitWide(scope *torch.Scope, batch int) (train.Config, train.Parts) {
	cfg := config()
	cfg.BatchSize, cfg.Accumulate, cfg.Steps, cfg.Monitor.Name = batch, 1, 2, "train/loss"
	return cfg, train.Parts{
		Model: newWide(scope), Metrics: []string{"loss"}, Inputs: model.Inputs{Shape: []int64{3}}, Device: torch.CPU,
		Train: plane{n: 5000}, Order: &order{n: 5000, batch: batch}, Checkpoints: keeper{&journal{}}, Observer: &journal{},
	}
}

func TestABatchThatDoesNotFitIsToldWithOneThatDoes(t *testing.T) {
	torchtest.Run(t, func() error {
		const room = 8 << 20
		var told *train.MemoryError
		err := limited(t, room, func() error {
			scope := torch.NewScope("param")
			defer scope.Close()
			cfg, p := fitWide(scope, 2048)
			_, err := train.Run(context.Background(), cfg, p)
			return err
		})
		if !errors.As(err, &told) {
			t.Fatalf("err = %v", err)
		}
		if told.Batch != 2048 || told.Needed <= told.Free || told.Free <= 0 || told.Free > room || told.Fits < 16 || told.Fits > 512 {
			t.Errorf("%+v", told)
		}
		var cause *torch.Error
		if !errors.As(err, &cause) || cause.Kind != torch.OutOfMemory || cause.Bytes == 0 {
			t.Errorf("the cause is %v", cause)
		}
		if text := err.Error(); !strings.HasPrefix(text, "step 1: out of memory on cpu: a batch of 2048 needs about ") || strings.Contains(text, "\n") {
			t.Error(text)
		}
		return limited(t, room, func() error {
			scope := torch.NewScope("param")
			defer scope.Close()
			cfg, p := fitWide(scope, told.Fits)
			_, err := train.Run(context.Background(), cfg, p)
			return err
		})
	})
}

func TestTheBatchThatIsFoundFitsAndTheNextDoesNot(t *testing.T) {
	torchtest.Run(t, func() error {
		const room = 16 << 20
		size := func(most int) (n int) {
			err := limited(t, room, func() (err error) {
				scope := torch.NewScope("param")
				defer scope.Close()
				cfg, p := fitWide(scope, 1)
				n, err = train.FitBatch(context.Background(), cfg, p, most)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		found := size(4096)
		if found < 16 || found > 1024 || found&(found-1) != 0 {
			t.Errorf("found %d, want a power of two of some hundreds", found)
		}
		if n := size(8); n != 8 {
			t.Errorf("found %d of at most 8", n)
		}
		return nil
	})
}

// The memory of a captured step cannot be lent to an evaluation; nothing is captured to
// find that out.
func TestARunWithCapturedStepsGetsABatchThatLeavesRoom(t *testing.T) {
	torchtest.Run(t, func() error {
		const room = 16 << 20
		size := func(capture train.Capture) (n int) {
			err := limited(t, room, func() (err error) {
				scope := torch.NewScope("param")
				defer scope.Close()
				cfg, p := fitWide(scope, 1)
				p.Capture = capture
				n, err = train.FitBatch(context.Background(), cfg, p, 4096)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		plain := size(nil)
		captured := size(func(func()) (train.Graph, error) {
			t.Error("a step was captured")
			return nil, errors.New("not wanted")
		})
		if captured > plain || captured < plain/4 {
			t.Errorf("found %d with captured steps and %d without", captured, plain)
		}
		return nil
	})
}

func TestStateAndDataThatDoNotFitAreToldWithWhatTheyNeed(t *testing.T) {
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		cfg, p := fitWide(scope, 1)
		for what, run := range map[string]func() error{
			"the optimizer's state needs about 229 kB": func() error {
				_, err := train.Run(context.Background(), cfg, p)
				return err
			},
			"a copy of the data needs about 60 kB": func() error {
				_, err := train.MakeResident(p.Train, p.Inputs, p.Device)
				return err
			},
		} {
			err := limited(t, 32<<10, run)
			var told *train.MemoryError
			if !errors.As(err, &told) || !strings.Contains(err.Error(), "out of memory on cpu: "+what+", ") || told.Free > 32<<10 {
				t.Errorf("err = %v, want %q", err, what)
			}
		}
		return nil
	})
}

func TestAModelThatIsTooLargeForOneSampleIsAnError(t *testing.T) {
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		cfg, p := fitWide(scope, 1)
		err := limited(t, 400<<10, func() error {
			_, err := train.FitBatch(context.Background(), cfg, p, 64)
			return err
		})
		var told *train.MemoryError
		if !errors.As(err, &told) || told.Fits != 0 || !strings.Contains(err.Error(), "a smaller model is needed") {
			t.Errorf("err = %v", err)
		}
		return nil
	})
}
