package mlflow

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/track"
)

func TestEverythingOfARunArrives(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	o := r.options(s.URL)
	for i := range 250 { // more than one batch of parameters and tags
		o.Wanted.Params[fmt.Sprintf("p%d", i)] = "v"
		o.Wanted.Tags[fmt.Sprintf("t%d", i)] = "v"
	}
	o.LateTags = func() map[string]string { return map[string]string{"late": "1", "host": "not the user's"} }
	run := r.start(o)
	for step := range int64(3000) { // more than one batch of metrics
		r.log(track.KindMetric, step, track.Value{Name: "own", Value: float64(step)})
	}
	r.log(track.KindMetric, 3000, track.Value{Name: "nan", Value: math.NaN()}, track.Value{Name: "inf", Value: math.Inf(1)}, track.Value{Name: "-inf", Value: math.Inf(-1)})
	r.file("logs/training.log", "the end")
	r.file("report/loss.png", "PNG")
	r.file("artifacts/plots/a b%ü.txt", "own")
	r.finish(run)
	got := s.only()
	same(t, "values", len(strings.Fields(got.history("own"))), 3000)
	same(t, "params", len(got.Params), 251)
	same(t, "late tag", got.Tags["late"]+got.Tags["host"], "1h")
	same(t, "special values", got.history("nan")+got.history("inf")+got.history("-inf"), "3000:-10013000:-10023000:-1003")
	for name, content := range map[string]string{"logs/training.log": "the end", "report/loss.png": "PNG", "plots/a b%ü.txt": "own"} {
		same(t, name, got.Files[name], content)
	}
	same(t, "status and end", got.Status+fmt.Sprint(got.End > 0), "FINISHEDtrue")
	if In(r.dir).Owes() {
		t.Error("the spool says that something is not sent")
	}
}

// What is computed of a run that has ended goes to the same run: once where nothing changed,
// as a second value where it did, and of an earlier checkpoint too.
func TestMetricsOfAnEvaluationArriveLater(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	o := r.options(s.URL)
	run := r.start(o)
	r.log(track.KindEpoch, 5, track.Value{Name: "val/loss", Value: 2})
	r.finish(run)
	target, err := ParseTarget(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.file("evaluation/test_evaluation.json", "{}")
	for i, psnr := range []float64{20, 20, 21, 20, 18} {
		r.at = r.at.Add(time.Second)
		event := track.Event{Kind: track.KindEvaluation, Step: []int64{5, 5, 5, 5, 3}[i], Time: r.at, Values: []track.Value{{Name: "evaluation/test/psnr", Value: psnr}}}
		if i == 3 { // what was sent is forgotten
			var lost sent
			if err := In(r.dir).read("sent.json", &lost); err != nil {
				t.Fatal(err)
			}
			lost.Evaluated = 0
			if err := In(r.dir).write("sent.json", lost); err != nil {
				t.Fatal(err)
			}
		}
		if err := In(r.dir).AddMetrics(event); err != nil {
			t.Fatal(err)
		}
		if _, err := Sync(t.Context(), target, r.getenv, In(r.dir), r.note); err != nil {
			t.Fatal(err)
		}
	}
	got := s.only()
	same(t, "psnr", got.history("evaluation/test/psnr"), "5:20 5:21 5:20 3:18")
	same(t, "loss", got.history("val/loss"), "5:2")
	same(t, "file", got.Files["evaluation/test_evaluation.json"], "{}")
}

func TestTheBestCheckpointIsSentAgainWhenItImproves(t *testing.T) {
	for _, c := range []struct {
		artifacts string
		files     []string
		uploads   int
	}{
		{Best, []string{"best_model.pt", "last_model.pt"}, 2},
		{BestOnEnd, []string{"best_model.pt", "last_model.pt"}, 1},
		{None, []string{"best_model.pt"}, 0},
		{Best, []string{"last_model.pt"}, 1},
	} {
		s, r := newFake(t), newTestRun(t)
		o := r.options(s.URL)
		o.Wanted.Artifacts = c.artifacts
		run := r.start(o)
		for version := range 2 {
			for _, name := range c.files {
				r.file("checkpoints/new", fmt.Sprint("version ", version))
				if err := os.Rename(filepath.Join(r.dir, "checkpoints/new"), filepath.Join(r.dir, "checkpoints", name)); err != nil {
					t.Fatal(err)
				}
			}
			if c.uploads == 2 {
				s.await(func(f *fakeRun) bool { return f.Files["checkpoints/best_model.pt"] == fmt.Sprint("version ", version) })
			}
		}
		r.finish(run)
		n := 0
		for _, path := range s.only().Uploads {
			if strings.HasPrefix(path, "checkpoints/") {
				same(t, "sent", path, "checkpoints/"+c.files[0])
				n++
			}
		}
		same(t, c.artifacts, n, c.uploads)
	}
}

// await waits until the run is as expected.
func (s *fakeServer) await(is func(*fakeRun) bool) {
	s.t.Helper()
	for range 10000 {
		s.mu.Lock()
		ok := len(s.order) > 0 && is(s.runs[s.order[0]])
		s.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatal("the server did not get what it waits for")
}

func TestAResumedRunGoesOnInTheSameRunAndRepeatsNothing(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	run := r.start(r.options(s.URL))
	r.train(1)
	r.log(track.KindStep, 12, track.Value{Name: "train/loss", Value: 1. / 12}, track.Value{Name: "lr", Value: 0.5})
	if complete, _ := run.Finish(Killed, time.Minute); !complete {
		t.Fatal(r.said())
	}
	same(t, "status", s.only().Status, Killed)
	r.journal.Close()
	if err := track.TruncateJournal(filepath.Join(r.dir, "logs", "metrics.jsonl"), 6, 0); err != nil {
		t.Fatal(err)
	}
	r.open()
	o := r.options(s.URL)
	o.Wanted.Start, o.Wanted.Params["training.epochs"], o.Wanted.Params["new"] = 77, "3", "x"
	run = r.start(o)
	s.await(func(f *fakeRun) bool { return f.Status == Running })
	for _, step := range []int64{8, 10} {
		r.log(track.KindStep, step, track.Value{Name: "train/loss", Value: 1 / float64(step)}, track.Value{Name: "lr", Value: 0.5})
	}
	r.log(track.KindEpoch, 10, track.Value{Name: "train/loss", Value: 1}, track.Value{Name: "val/loss", Value: 2}, track.Value{Name: "lr", Value: 0.5})
	r.train(2)
	r.finish(run)
	got := s.only()
	same(t, "changed", got.Tags["resumed/training.epochs"]+got.Params["new"], "3x")
	delete(got.Params, "new")
	checkTwoEpochs(t, got)
}

func TestALostSpoolIsMadeUpFromTheServer(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	run := r.start(r.options(s.URL))
	r.train(1)
	r.finish(run)
	if err := os.RemoveAll(filepath.Join(r.dir, ".trainer")); err != nil {
		t.Fatal(err)
	}
	run = r.start(r.options(s.URL))
	r.train(2)
	r.finish(run)
	checkTwoEpochs(t, s.only())
}

func TestADeadRunEndsOnce(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	run := r.start(r.options(s.URL))
	r.train(1)
	s.await(func(f *fakeRun) bool { return f.history("val/loss") != "" })
	run.cancel() // as a killed process: nothing more is sent or recorded
	<-run.done
	run.unlock()
	spool, last := In(r.dir), time.UnixMilli(9)
	if dead, err := spool.EndDead(Killed, last); !dead || err != nil {
		t.Fatal(dead, err)
	}
	if dead, err := spool.EndDead(Failed, last); dead || err != nil {
		t.Fatal(dead, err)
	}
	target, _ := ParseTarget(s.URL)
	if _, err := Sync(t.Context(), target, r.getenv, spool, r.note); err != nil {
		t.Fatal(err)
	}
	same(t, "end", s.only().Status+fmt.Sprint(s.only().End), "KILLED9")
}
