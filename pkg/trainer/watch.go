package trainer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/nvml"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/track"
	"github.com/gotrainer/trainer/pkg/train"
)

// watch tells the sinks of a run what the loop reports: the log, the journal and the
// terminal.
type watch struct {
	tracker  *track.Tracker
	progress *track.Progress
	screen   *screen
	step     int64
	epoch    int64
	device   torch.Device
	gpu      *nvml.Watch // nil: none is watched
	began    time.Time
}

func newWatch(out *console, run *experiment.Run, s *session, header []string) (*watch, error) {
	epochs, total := s.trainConfig().Length(s.parts.Order)
	title, from := "training started", int64(0)
	var finished int64
	if s.from != nil {
		from, finished = s.from.snapshot.Step, s.from.snapshot.Epoch
		title = fmt.Sprintf("training resumed after step %d", from)
	}
	// A run that goes on has records of steps that are done once more: all of them
	// where it has no checkpoint.
	if err := track.TruncateJournal(run.Path("logs", "metrics.jsonl"), from, finished); err != nil {
		return nil, err
	}
	journal, err := track.OpenJournal(run.Path("logs", "metrics.jsonl"))
	if err != nil {
		return nil, err
	}
	log, err := track.OpenLog(run.Path("logs", "training.log"), track.LogOptions{Title: title, Header: header, Epochs: epochs})
	if err != nil {
		journal.Close()
		return nil, err
	}
	display := out.display()
	display.Memory = track.ResidentMemory
	w := &watch{progress: track.NewProgress(display, track.Plan{Epochs: epochs, Steps: total, From: from})}
	w.screen = &screen{Sink: w.progress, quiet: out.quiet}
	sinks := []track.Sink{log, withoutNotes{journal}, w.screen}
	more, err := recordSinks(run, s.cfg.Tracking, from)
	if err != nil {
		log.Close()
		journal.Close()
		return nil, err
	}
	w.tracker = track.NewTracker(nil, append(sinks, more...)...)
	w.device, w.began = s.parts.Device, s.began
	var notice string
	if w.gpu, notice = watchGPU(w.device); notice != "" {
		w.Note(notice)
	}
	for _, n := range s.notices {
		w.Note(n)
	}
	for _, n := range run.Notices() { // the command tells them on the screen
		w.tracker.Log(track.Event{Kind: track.KindNote, Step: from, Detail: true, Text: n})
	}
	return w, nil
}

// withoutNotes leaves out notes: metrics.jsonl is for programs.
type withoutNotes struct{ track.Sink }

// Log passes on what has values.
func (m withoutNotes) Log(e track.Event) error {
	if e.Kind == track.KindNote {
		return nil
	}
	return m.Sink.Log(e)
}

// Tick moves the progress along.
func (w *watch) Tick(epoch, step, samples int64) {
	// A terminal that went away is told through the tracker at the next report.
	_ = w.progress.Log(track.Event{Kind: track.KindStep, Epoch: epoch, Step: step, Samples: samples, Time: time.Now()})
}

// Step records the metrics of the steps since the last call.
func (w *watch) Step(r train.StepReport) {
	w.step, w.epoch = r.Step, r.Epoch
	all := values(r.LR, r.Values)
	if w.gpu != nil {
		all = append(all, gpuValues(w.device, w.gpu.Latest())...)
	}
	w.tracker.Log(track.Event{Kind: track.KindStep, Epoch: r.Epoch, Step: r.Step, Samples: r.Samples, Values: all})
}

// Epoch records the end of an epoch.
func (w *watch) Epoch(r train.EpochReport) {
	w.step, w.epoch = r.Step, r.Epoch
	w.tracker.Log(track.Event{Kind: track.KindEpoch, Epoch: r.Epoch, Step: r.Step, Best: r.Best, Values: values(r.LR, append(r.Train, r.Val...))})
}

// Note records a sentence for people.
func (w *watch) Note(text string) { w.tracker.Note(w.step, w.epoch, text) }

// stopping tells the one who asked a run to stop what happens now, and leaves a clean
// terminal to a second Ctrl-C. It may be called from any goroutine.
func (w *watch) stopping() {
	_ = w.progress.Close()
	_ = w.progress.Log(track.Event{Kind: track.KindNote, Text: "stopping after this step, and saving; a second Ctrl-C stops at once", Time: time.Now()})
}

// wrote records in the log that a checkpoint is there. It may be called from any
// goroutine.
func (w *watch) wrote(s *train.Snapshot, path string) {
	text := "wrote " + filepath.Join("checkpoints", filepath.Base(path))
	if info, err := os.Stat(path); err == nil {
		text += ", " + runs.Bytes(info.Size())
	}
	w.tracker.Log(track.Event{Kind: track.KindNote, Step: s.Step, Epoch: s.Epoch, Detail: true, Text: text})
}

// end records how the run ended, by which signal if by one, and closes the sinks.
func (w *watch) end(r train.Result, err error, signal string) {
	took := track.Duration(time.Since(w.began))
	switch {
	case errors.Is(err, train.ErrInterrupted):
		if signal != "" {
			signal = " by " + signal
		}
		w.Note(fmt.Sprintf("interrupted after step %d%s, in epoch %d, %s after the start", r.Steps, signal, r.Epochs+1, took))
	case err != nil:
		w.screen.mute() // the command tells the error itself
		w.Note(fmt.Sprintf("ended after step %d, %s after the start", r.Steps, took))
		w.Note("failed: " + err.Error())
	case r.Stopped:
		w.screen.done()
		w.Note(fmt.Sprintf("finished: early stopping after epoch %d, step %d, in %s; the best was epoch %d", r.Epochs, r.Steps, took, r.Score.BestEpoch))
	default:
		w.screen.done()
		w.Note(fmt.Sprintf("finished after %d epochs, %d steps, in %s; the best was epoch %d", r.Epochs, r.Steps, took, r.Score.BestEpoch))
	}
	if w.gpu != nil {
		w.gpu.Close()
	}
	_ = w.tracker.Close() // the sinks' errors were told as notes
}

func values(lr float64, vs []train.Value) []track.Value {
	out := make([]track.Value, 0, len(vs)+1)
	for _, v := range vs {
		out = append(out, track.Value{Name: v.Name, Value: v.Value})
	}
	return append(out, track.Value{Name: "lr", Value: lr})
}

var _ train.Observer = (*watch)(nil)

// screen is the terminal as a sink, whose notes can be turned off for the end of a run.
type screen struct {
	track.Sink
	quiet, muted bool
}

func (s *screen) mute() { s.muted = true }

// done is for notes that are no warnings: -q drops them.
func (s *screen) done() { s.muted = s.quiet }

// Log passes on what is to be shown.
func (s *screen) Log(e track.Event) error {
	if s.muted {
		return nil
	}
	return s.Sink.Log(e)
}

// display is where progress is shown.
func (c *console) display() track.Display {
	d := track.Display{Out: c.stderr}
	if f, ok := c.stderr.(*os.File); ok {
		d = track.DisplayOn(f, os.Getenv)
	}
	d.Quiet = c.quiet
	if c.plain {
		d.Terminal, d.PlainEvery = nil, -1
	}
	return d
}

// bar is the progress of one pass over a split.
type bar struct{ *track.Meter }

func newBar(out *console, label string, rows int) bar {
	return bar{track.NewMeter(out.display(), label, "rows", int64(rows))}
}

// at is told how many rows are done; a terminal that went away stops nothing.
func (b bar) at(done int) { _ = b.Set(int64(done)) }

// end says how many rows were done in which time; an error is told instead.
func (b bar) end(err error) {
	if err != nil {
		_ = b.Abort()
		return
	}
	_ = b.Close()
}
