package trainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// BenchmarkCheckpoint measures what checkpoints cost a run: a VAE with two hidden layers
// of $TRAINER_BENCH_WIDTH (64) trains with Adam and is saved several times, with steps
// going on behind and, in turns, with training waiting for the disk. bench/checkpoint.sh
// runs it with 100 million parameters beside cp and torch.save.
func BenchmarkCheckpoint(b *testing.B) {
	b.Chdir(b.TempDir())
	text := fmt.Sprintf(`experiment: {name: bench, output_dir: runs}
data: {source: shapes, count: 4096, image_size: 32, batch_size: 16}
model: {type: vae, latent_dim: 16, encoder: {hidden_dims: [%[1]s, %[1]s]}}
training: {epochs: 100, device: cpu, log_every_steps: 1000000}
`, cmp.Or(os.Getenv("TRAINER_BENCH_WIDTH"), "64"))
	if err := os.WriteFile("x.yaml", []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	cfg, doc, err := config.LoadTrain("x.yaml", config.Options{Models: models()})
	if err != nil {
		b.Fatal(err)
	}
	for range b.N {
		s, err := openSession(cfg, nil)
		if err != nil {
			b.Fatal(err)
		}
		p := &pace{b: b}
		err = s.engine.Do(context.Background(), func() error { return p.train(s, doc) })
		s.close()
		if err != nil {
			b.Fatal(err)
		}
		p.report()
	}
}

// The course of a benchmark: after the first steps some quiet ones, then saves in turns,
// with quiet steps between them.
const (
	warmSteps  = 3
	quietSteps = 5
	savePairs  = 3
)

// pace is the train.Checkpointer of the benchmark: it decides when the keeper saves, and
// takes the times.
type pace struct {
	b      *testing.B
	keep   *keeper
	cancel func()

	steps int       // since the last save ended, or since the start
	last  time.Time // when the step before ended; zero across a save
	begun time.Time // of the save in flight
	ended chan time.Time
	saves int
	peak  int64 // bytes that the process used without a save

	stalls, behind, alone, quiet, busy []float64 // seconds: of a save, a save, a step
}

func (p *pace) train(s *session, doc *config.Document) error {
	scope := torch.NewScope("param")
	defer scope.Close()
	if err := s.build(scope); err != nil {
		return err
	}
	run, err := experiment.Begin(experiment.Options{OutputDir: "runs", Name: "bench", OnExists: "overwrite"})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	note := func(text string) { p.b.Log(text) }
	p.keep = &keeper{run: run, facts: s.facts(doc), note: note, wrote: func(*train.Snapshot, string) {}, saver: newSaver("stop", note)}
	p.cancel = cancel
	parts := s.parts
	parts.Checkpoints, parts.Observer = p, silent{}
	if _, err := train.Run(ctx, s.trainConfig(), parts); !errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("the run was not ended by the benchmark: %w", err)
	}
	_, err = run.Finish(experiment.Interrupted, nil)
	return err
}

// Step follows every step: it takes its time and begins the next save when it is due.
func (p *pace) Step(step int64, snapshot func() *train.Snapshot) error {
	now := time.Now()
	p.steps++
	if !p.last.IsZero() && step > warmSteps {
		took := now.Sub(p.last).Seconds()
		if p.ended == nil {
			p.quiet = append(p.quiet, took)
		} else {
			p.busy = append(p.busy, took)
		}
	}
	p.last = now
	switch {
	case step == warmSteps:
		p.steps = 0
		return forgetPeak()
	case p.ended != nil:
		return p.look()
	case p.steps < quietSteps:
		return nil
	case p.saves == 2*savePairs:
		p.cancel()
		return nil
	}
	return p.save(snapshot)
}

// save begins a save, and every second time waits for it.
func (p *pace) save(snapshot func() *train.Snapshot) error {
	if p.saves == 0 {
		p.peak = peakMemory(p.b)
	}
	if err := warm(); err != nil {
		return err
	}
	p.begun = time.Now()
	if err := p.keep.save(snapshot, []string{checkpoint.BestName, checkpoint.LastName}, false); err != nil {
		return err
	}
	p.stalls = append(p.stalls, time.Since(p.begun).Seconds())
	p.saves++
	p.last = time.Time{}
	if p.saves%2 == 0 {
		err := p.keep.saver.settle()
		p.alone = append(p.alone, time.Since(p.begun).Seconds())
		p.steps = 0
		return err
	}
	// The outcome goes on to the saver; its time stays here.
	from, to := p.keep.saver.running, make(chan outcome, 1)
	ended := make(chan time.Time, 1)
	p.keep.saver.running, p.ended = to, ended
	go func() {
		o := <-from
		ended <- time.Now()
		to <- o
	}()
	return nil
}

// look sees whether the save behind the steps has ended.
func (p *pace) look() error {
	select {
	case end := <-p.ended:
		p.behind = append(p.behind, end.Sub(p.begun).Seconds())
		p.ended, p.steps, p.last = nil, 0, time.Time{}
		return p.keep.saver.settle()
	default:
		return nil
	}
}

func (p *pace) Epoch(_, _ int64, _ bool, _ func() *train.Snapshot) error {
	p.last = time.Time{}
	return nil
}

func (p *pace) Interrupted(func() *train.Snapshot) error { return nil }

func (p *pace) report() {
	info, err := os.Stat(p.keep.run.Path("checkpoints", checkpoint.LastName))
	if err != nil {
		p.b.Fatal(err)
	}
	mb := float64(info.Size()) / 1e6
	p.b.ReportMetric(0, "ns/op")
	p.b.ReportMetric(mb, "file-MB")
	p.b.ReportMetric(p.stalls[0]*1e3, "stall-first-ms")
	p.b.ReportMetric(median(p.stalls[1:])*1e3, "stall-ms")
	p.b.ReportMetric(median(p.behind)*1e3, "save-behind-ms")
	p.b.ReportMetric(median(p.alone)*1e3, "save-alone-ms")
	p.b.ReportMetric(median(p.quiet)*1e3, "step-quiet-ms")
	p.b.ReportMetric(median(p.busy)*1e3, "step-behind-ms")
	p.b.ReportMetric(float64(peakMemory(p.b)-p.peak)/1e6, "extra-MB")
}

func median(v []float64) float64 {
	if len(v) == 0 { // a save that was done before the next step
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// warm runs $TRAINER_BENCH_WARM, where it is set: see bench/checkpoint.sh.
func warm() error { return exec.Command("sh", "-c", os.Getenv("TRAINER_BENCH_WARM")).Run() }

// forgetPeak lets the kernel count the peak of this process's memory anew.
func forgetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMemory is the most memory that this process had since forgetPeak, in bytes.
func peakMemory(b *testing.B) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kb int64
	if _, err := fmt.Sscan(after, &kb); err != nil {
		b.Fatal(err)
	}
	return kb << 10
}

// silent is an observer that says nothing.
type silent struct{}

func (silent) Tick(int64, int64, int64) {}
func (silent) Step(train.StepReport)    {}
func (silent) Epoch(train.EpochReport)  {}
func (silent) Note(string)              {}
