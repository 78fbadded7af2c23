package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/track"
	"github.com/gotrainer/trainer/pkg/track/mlflow"
	"github.com/gotrainer/trainer/pkg/train"
)

const (
	reportLimit = 30 * time.Second // for what is left to send when a run has ended
	settleLimit = 5 * time.Second  // for what an earlier run left, before a command begins
	sampleEvery = 10 * time.Second // between two samples of the machine, as MLflow does
)

// mlflowTarget is where the config wants a run reported; nil where it does not. With
// mlflow.required the target must answer.
func mlflowTarget(ctx context.Context, c *config.MLflow, doc *config.Document) (*mlflow.Target, error) {
	if c == nil {
		return nil, nil
	}
	section, _ := doc.Map()["mlflow"].(map[string]any)
	if written, _ := section["tracking_uri"].(string); mlflow.HasPassword(written) {
		return nil, mistakef("mlflow.tracking_uri: found an address with a password, which every copy of the config would have; " +
			"take it out and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
	}
	target, err := mlflow.ParseTarget(c.TrackingURI)
	if err == nil && c.Required {
		if err = mlflow.Check(ctx, target, os.Getenv, c.ExperimentName); err != nil {
			err = fmt.Errorf("%w (mlflow.required: true ends the run here; with false it would go on and send later)", err)
		}
	}
	return &target, err
}

// reporter reports a run to MLflow while it is trained. All methods take nil: a run that
// is not reported.
type reporter struct {
	run  *mlflow.Run
	out  *console
	note atomic.Pointer[func(string)]
}

// startReporter begins to report. What goes wrong is told, and the run goes on.
func startReporter(out *console, s *session, doc *config.Document, run *experiment.Run, w *watch) *reporter {
	if s.mlflow == nil {
		return nil
	}
	r := &reporter{out: out}
	say := func(text string) { w.tracker.Log(track.Event{Kind: track.KindNote, Text: text}) }
	r.note.Store(&say)
	c := s.cfg.MLflow
	name := run.Name()
	if c.RunName != nil {
		name = *c.RunName
	}
	o := mlflow.Options{
		Target: *s.mlflow, Getenv: os.Getenv, Spool: mlflow.Spool{Dir: run.Dir}, LateTags: gitTags,
		Wanted: mlflow.Wanted{
			Experiment: c.ExperimentName, RunName: name, UUID: run.UUID(), User: userName(), Start: time.Now().UnixMilli(),
			Params: flatten(doc.Map()), Tags: s.tags(run, c.Tags), Artifacts: c.Artifacts,
		},
		Note: func(text string) { (*r.note.Load())(text) },
		Began: func(id string) {
			if err := run.SetMLflowRun(id); err != nil {
				(*r.note.Load())(err.Error())
			}
		},
	}
	if c.SystemMetrics {
		o.System = &mlflow.Monitor{Every: sampleEvery}
	}
	var err error
	if r.run, err = mlflow.Start(o); err != nil {
		w.Note(fmt.Sprintf("%v; the run is not reported to MLflow", err))
		return nil
	}
	return r
}

// detach sends what is said from now on to the console: the log is about to be closed.
func (r *reporter) detach() {
	if r != nil {
		say := r.out.note
		r.note.Store(&say)
	}
}

// finish tells MLflow how the run ended and waits a bounded time until all is sent. It
// is false where the run's directory is needed to do so later.
func (r *reporter) finish(run *experiment.Run, cause error) bool {
	if r == nil {
		return true
	}
	complete, began := r.run.Finish(mlflowStatus(status(cause)), reportLimit)
	if complete {
		return true
	}
	where := run.Dir()
	if where == run.Final() || cause == nil {
		r.out.note(fmt.Sprintf("mlflow: not everything could be sent; `trainer sync %s` sends the rest", run.Final()))
	} else if began {
		r.out.note("mlflow: not everything could be sent; `trainer sync` with the run's directory sends the rest")
	}
	return !began
}

// mlflowStatus is MLflow's word for how a run ended.
func mlflowStatus(status string) string {
	switch status {
	case experiment.Finished:
		return mlflow.Finished
	case experiment.Failed:
		return mlflow.Failed
	}
	return mlflow.Killed
}

// settle tells MLflow the end of a run whose process was killed, and sends what a run
// that ended still has to send. It takes no longer than a few seconds; what it cannot do
// is told.
func settle(ctx context.Context, out *console, dir string) {
	info, err := experiment.Find(dir)
	if err != nil || info.Status == experiment.Running {
		return
	}
	noteKilled(info)
	settleAs(ctx, out, info.Dir, mlflowStatus(info.Status), info.Heartbeat)
}

// settleKilled is settle for commands that only look at runs: it does nothing but for a
// run whose process was killed and that MLflow believes to be running.
func settleKilled(ctx context.Context, out *console, dir string) {
	info, err := experiment.Find(dir)
	if err != nil || info.Status == experiment.Running {
		return
	}
	if w, ok, err := mlflow.In(info.Dir).Wanted(); err == nil && ok && w.Status == mlflow.Running {
		settleAs(ctx, out, info.Dir, mlflowStatus(info.Status), info.Heartbeat)
	}
}

// settleDead is settle for a directory that is no experiment of its own any more.
func settleDead(ctx context.Context, out *console, dir string) {
	settleAs(ctx, out, dir, mlflow.Killed, time.Now())
}

func settleAs(ctx context.Context, out *console, dir, status string, last time.Time) {
	spool := mlflow.In(dir)
	if _, err := spool.EndDead(status, last); err != nil {
		out.note(err.Error())
		return
	}
	if !spool.Owes() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	if _, err := send(ctx, spool, out.note); err != nil && !errors.Is(err, train.ErrInterrupted) {
		out.note(fmt.Sprintf("%v; `trainer sync %s` sends what is left", err, dir))
	}
}

// send sends what is in a spool, to the address in the run's config where that can be
// read: it may have a password, which the spool does not keep.
func send(ctx context.Context, spool mlflow.Spool, note func(string)) (mlflow.Sent, error) {
	target, err := savedTarget(spool)
	if err != nil {
		return mlflow.Sent{}, err
	}
	sent, err := mlflow.Sync(ctx, target, os.Getenv, spool, note)
	if sent.Run != "" {
		err = errors.Join(err, experiment.SetMLflowRun(spool.Dir(), sent.Run))
	}
	return sent, err
}
