package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFindReadsTheState(t *testing.T) {
	base := t.TempDir()
	r := begin(t, options(base, Overwrite))
	dir := r.Dir()
	put(t, r.Path("config.yaml"), "x")
	put(t, r.Path("checkpoints", "last_model.pt"), "x")
	info, err := Find(dir)
	if err != nil || info.Status != Running || info.UUID != r.UUID() || info.PID != os.Getpid() || info.Name != "baseline" || info.Dir != dir {
		t.Errorf("info %+v, %v; want a running baseline", info, err)
	}
	if _, err := r.Finish(Failed, errors.New("step 3: the loss is not finite")); err != nil {
		t.Fatal(err)
	}
	info, err = Find(dir + "/")
	if err != nil || info.Status != Failed || info.Error != "step 3: the loss is not finite" || !info.Started.Equal(noon()) {
		t.Errorf("info %+v, %v; want a failed run of noon with its cause", info, err)
	}
}

func TestRemovingTrainersFolderOrLogsBreaksNothing(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	dir := filepath.Join(base, "baseline")
	for _, sub := range []string{stateDir, "logs"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := Find(dir)
	if err != nil || info.Status != "" || info.UUID != "" || info.Name != "baseline" {
		t.Errorf("info %+v, %v; want one with no state", info, err)
	}
	r := begin(t, options(base, Resume))
	if r.UUID() == "" || !exists(r.Path("logs")) {
		t.Error("a resumed run has no identity or no logs folder")
	}
	if err := os.RemoveAll(r.Path(stateDir)); err != nil {
		t.Fatal(err)
	}
	finish(t, r, Finished)
	if info, err := Find(dir); err != nil || info.Status != Finished {
		t.Errorf("info %+v, %v; want the state written anew", info, err)
	}
	put(t, filepath.Join(dir, stateDir, "state.json"), `{"uuid": 7`)
	if info, err := Find(dir); err != nil || info.Status != "" {
		t.Errorf("info %+v, %v; want a spoilt state to count as none", info, err)
	}
}

func TestRemovingTrainersFolderWhileAReplacementTrains(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	r := begin(t, options(base, Overwrite))
	putRun(t, r.Dir(), "new")
	for _, dir := range []string{r.Path(stateDir), filepath.Join(r.Final(), stateDir)} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, r)
	finish(t, r, Finished)
	wantTree(t, base, runTree("baseline", "new"))
}

func TestHeartbeatIsWrittenAtMostEveryTenSeconds(t *testing.T) {
	now := noon()
	o := options(t.TempDir(), Overwrite)
	o.Now = func() time.Time { return now }
	r := begin(t, o)
	last := noon()
	for _, tt := range []struct {
		after time.Duration
		wrote bool
	}{{time.Second, false}, {8 * time.Second, false}, {time.Second, true}, {9 * time.Second, false}, {time.Minute, true},
		{-time.Hour, true}} { // a clock that was set back must not silence it
		now = now.Add(tt.after)
		if tt.wrote {
			last = now
		}
		if err := r.Heartbeat(); err != nil {
			t.Fatal(err)
		}
		if s, ok := readState(r.Dir()); !ok || !s.Heartbeat.Equal(last) {
			t.Errorf("at %v the heartbeat on disk is %v (%v), want %v", now, s.Heartbeat, ok, last)
		}
	}
	put(t, r.Path("checkpoints", "best_model.pt"), "x")
	finish(t, r, Finished)
	ended := now
	now = now.Add(time.Hour)
	if err := r.Heartbeat(); err != nil {
		t.Fatal(err)
	}
	if s, ok := readState(r.Dir()); !ok || !s.Heartbeat.Equal(ended) || s.Status != Finished {
		t.Errorf("a run that ended at %v has the state %+v (%v)", ended, s, ok)
	}
}

func TestMissingExperimentNamesWhatIsThere(t *testing.T) {
	base := t.TempDir()
	_, err := Find(filepath.Join(base, "vae", "baseline"))
	wantMistake(t, err, "experiment "+filepath.Join(base, "vae", "baseline")+": not found; the folder ", "vae does not exist")
	_, err = Find(filepath.Join(base, "baseline"))
	wantMistake(t, err, "not found; there are no experiments in "+base)
	trained(t, base, "old")
	put(t, filepath.Join(base, "high_beta", "config.yaml"), "x")
	if err := os.Mkdir(filepath.Join(base, "basement"), 0o755); err != nil { // no experiment
		t.Fatal(err)
	}
	_, err = Find(filepath.Join(base, "baselin"))
	wantMistake(t, err, "not found; did you mean "+filepath.Join(base, "baseline")+"?")
	_, err = Find(filepath.Join(base, "zzz"))
	wantMistake(t, err, "not found; "+base+" has baseline, high_beta")
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("%v is not ErrNotFound", err)
	}
	_, err = Find(base)
	wantMistake(t, err, "is not an experiment directory", "; experiments in it: baseline, high_beta")
	_, err = Find(filepath.Join(base, "high_beta", "config.yaml"))
	wantMistake(t, err, "is a file, not an experiment directory")
}

func TestFindTakesARelativePath(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	t.Chdir(filepath.Join(base, "baseline"))
	if info, err := Find("."); err != nil || info.Name != "baseline" || info.Dir != "." {
		t.Errorf("info %+v, %v; want baseline in .", info, err)
	}
	t.Chdir(base)
	if info, err := Find("baseline"); err != nil || info.Dir != "baseline" || info.Status != Finished {
		t.Errorf("info %+v, %v; want the finished baseline", info, err)
	}
	_, err := Find("baselnie")
	wantMistake(t, err, "experiment baselnie: not found; did you mean baseline?")
}
