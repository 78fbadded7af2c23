package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestFreshRunWorksInItsFinalPlace(t *testing.T) {
	base := filepath.Join(t.TempDir(), "experiments", "vae")
	for _, onExists := range []string{Overwrite, Timestamp, Resume, Refuse, ""} {
		r := begin(t, options(base, onExists))
		if final := filepath.Join(base, "baseline"); r.Dir() != final || r.Final() != final {
			t.Errorf("%s: works in %s, final %s, want %s", onExists, r.Dir(), r.Final(), final)
		}
		for _, sub := range []string{"checkpoints", "logs"} {
			if info, err := os.Stat(r.Path(sub)); err != nil || !info.IsDir() {
				t.Errorf("%s: no folder %s: %v", onExists, sub, err)
			}
		}
		if r.Resuming() || len(r.Notices()) > 0 {
			t.Errorf("%s: resuming %v, notices %q of a new run", onExists, r.Resuming(), r.Notices())
		}
		finish(t, r, Failed)
	}
}

func TestRunWithoutCheckpointLeavesNothing(t *testing.T) {
	root := t.TempDir()
	base := filepath.Join(root, "experiments", "vae")
	r := begin(t, options(base, Overwrite))
	put(t, r.Path("config.yaml"), "x")
	put(t, r.Path("logs", "training.log"), "x")
	finish(t, r, Failed)
	wantNames(t, root)
	if r.Dir() != "" {
		t.Errorf("Dir is %q after nothing was kept, want none", r.Dir())
	}

	if err := os.MkdirAll(filepath.Join(base, "baseline"), 0o755); err != nil {
		t.Fatal(err)
	}
	r = begin(t, options(base, Overwrite))
	finish(t, r, Failed)
	wantNames(t, base, ".baseline.lock", "baseline") // the folder was the user's
	wantNames(t, filepath.Join(base, "baseline"))
}

func TestOutputDirThatHoldsOtherThingsStays(t *testing.T) {
	base := filepath.Join(t.TempDir(), "vae")
	r := begin(t, options(base, Overwrite))
	put(t, filepath.Join(base, "mine.txt"), "x")
	finish(t, r, Failed)
	wantNames(t, base, "mine.txt")
}

func TestKeepHoldsARunWithoutCheckpoint(t *testing.T) {
	base := t.TempDir()
	r := begin(t, options(base, Overwrite))
	r.Keep()
	put(t, r.Path("logs", "training.log"), "the loss was never a number")
	finish(t, r, Failed)
	wantTree(t, base, "baseline/logs/training.log=the loss was never a number")
}

func TestRunWithFilesOfTheUserIsNotRemoved(t *testing.T) {
	base := t.TempDir()
	r := begin(t, options(base, Overwrite))
	put(t, r.Path("notes.txt"), "mine")
	finish(t, r, Failed)
	wantTree(t, base, "baseline/notes.txt=mine")
}

func TestOverwriteKeepsTheOldRunUntilPublish(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	before := tree(t, base)
	r := begin(t, options(base, Overwrite))
	if r.Dir() == r.Final() {
		t.Fatal("the new run writes into the old one")
	}
	put(t, r.Path("config.yaml"), "new")
	wantTree(t, r.Final(), strings.ReplaceAll(before, "baseline/", ""))
	notices := finish(t, r, Interrupted)
	wantNotice(t, notices, "baseline is unchanged: the new run ended before its first checkpoint")
	wantTree(t, base, before)
	wantNames(t, base, ".baseline.lock", "baseline")
}

func TestUnpublishedRunWithCheckpointStaysUnderItsTime(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	for _, name := range []string{"baseline" + stamp, "baseline" + stamp + "_2"} {
		r := begin(t, options(base, Overwrite))
		putRun(t, r.Dir(), name)
		notices := finish(t, r, Interrupted)
		wantNotice(t, notices, "baseline is unchanged; what was trained until now is in ", name)
		wantTree(t, filepath.Join(base, "baseline"), strings.ReplaceAll(runTree("", "old"), "baseline/", ""))
		wantTree(t, filepath.Join(base, name), runTree("", name))
		if r.Dir() != filepath.Join(base, name) {
			t.Errorf("Dir is %s, want the place where the run stays", r.Dir())
		}
	}
}

func TestPublishReplacesTheOldRunAndOpenFilesGoOn(t *testing.T) {
	for _, way := range []string{"exchange", "two renames"} {
		t.Run(way, func(t *testing.T) {
			base := t.TempDir()
			trained(t, base, "old")
			put(t, filepath.Join(base, "baseline", "embeddings", "train_embeddings.npy"), "of the old weights")
			o := options(base, Overwrite)
			if way == "two renames" {
				o.exchange = func(_, _ string) error { return errors.ErrUnsupported }
			}
			r := begin(t, o)
			putRun(t, r.Dir(), "new")
			log, err := os.OpenFile(r.Path("logs", "training.log"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			if notices := publish(t, r); len(notices) > 0 {
				t.Errorf("notices %q where there is nothing to say", notices)
			}
			if _, err := log.WriteString(" and on"); err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(runTree("baseline", "new"), "training.log=new", "training.log=new and on", 1)
			wantTree(t, base, want)
			wantNames(t, base, ".baseline.lock", "baseline")
			publish(t, r) // nothing more to do
			finish(t, r, Finished)
			wantTree(t, base, want)
		})
	}
}

func TestPublishTakesTheNameOfARunThatWasRemovedMeanwhile(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	r := begin(t, options(base, Overwrite))
	putRun(t, r.Dir(), "new")
	if err := os.RemoveAll(r.Final()); err != nil {
		t.Fatal(err)
	}
	publish(t, r)
	wantTree(t, base, runTree("baseline", "new"))
}

func TestPublishThatCannotReplaceLeavesBothRuns(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	r := begin(t, options(base, Overwrite))
	putRun(t, r.Dir(), "new")
	if err := os.RemoveAll(r.Final()); err != nil {
		t.Fatal(err)
	}
	put(t, r.Final(), "a file now")
	_, err := r.Publish()
	wantMistake(t, err, "baseline is a file, not a folder")
	finish(t, r, Finished)
	wantTree(t, base, "baseline=a file now\n"+runTree("baseline"+stamp, "new"))
}

func TestTimestampGoesToANameOfItsOwn(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	for _, name := range []string{"baseline" + stamp, "baseline" + stamp + "_2"} {
		r := begin(t, options(base, Timestamp))
		if r.Name() != name || r.Dir() != filepath.Join(base, name) {
			t.Errorf("the run %s works in %s, want %s", r.Name(), r.Dir(), name)
		}
		wantNotice(t, r.Notices(), "baseline exists; this run goes to ", name)
		putRun(t, r.Dir(), name)
		finish(t, r, Finished)
	}
	wantTree(t, filepath.Join(base, "baseline"), runTree("", "old"))
}

func TestTimestampAlsoPassesARunThatIsTraining(t *testing.T) {
	base := t.TempDir()
	first := begin(t, options(base, Timestamp))
	second := begin(t, options(base, Timestamp))
	if first.Name() != "baseline" || second.Name() != "baseline"+stamp {
		t.Errorf("names %s and %s, want baseline and baseline%s", first.Name(), second.Name(), stamp)
	}
}

func TestRefuseStopsAtAnExistingRun(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	before := tree(t, base)
	_, err := Begin(options(base, Refuse))
	wantMistake(t, err, `experiment "baseline" exists in `, "choose another experiment.name")
	if !errors.Is(err, ErrExists) {
		t.Errorf("%v is not ErrExists", err)
	}
	wantTree(t, base, before)
	if r := begin(t, options(base, Overwrite)); r.Dir() == "" {
		t.Error("the refused run still holds the lock")
	}
}

func TestResumeGoesOnInPlaceWithTheSameIdentity(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	info, err := Find(filepath.Join(base, "baseline"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(base, "baseline", "checkpoints", ".last_model.pt.tmp-999999999-0123abcd"), "half")
	r := begin(t, options(base, Resume))
	if !r.Resuming() || r.Dir() != r.Final() || r.UUID() != info.UUID {
		t.Errorf("resuming %v in %s as %s, want true in %s as %s", r.Resuming(), r.Dir(), r.UUID(), r.Final(), info.UUID)
	}
	publish(t, r)
	finish(t, r, Failed)
	wantTree(t, base, runTree("baseline", "old")) // nothing removed but the half file
}

func TestRunsHaveRandomUUIDs(t *testing.T) {
	v4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	a, b := newUUID(), newUUID()
	if !v4.MatchString(a) || !v4.MatchString(b) || a == b {
		t.Errorf("UUIDs %s and %s, want two of version 4", a, b)
	}
}

func TestFinishTwiceAndUnknownStatus(t *testing.T) {
	base := t.TempDir()
	r := begin(t, options(base, Overwrite))
	putRun(t, r.Dir(), "new")
	if _, err := r.Finish("done", nil); err == nil {
		t.Error("an unknown status was taken")
	}
	finish(t, r, Finished)
	finish(t, r, Failed)
	if info, err := Find(r.Final()); err != nil || info.Status != Finished {
		t.Errorf("status %+v, %v; want the first one", info, err)
	}
}
