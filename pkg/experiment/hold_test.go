package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func heldOf(t *testing.T, dir string) *Held {
	t.Helper()
	h, err := Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHoldExcludesTrainingAndTrainingExcludesHold(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	dir := filepath.Join(base, "baseline")
	h := heldOf(t, dir+"/")
	_, err := Begin(options(base, Overwrite))
	wantMistake(t, err, "is in use by process ")
	h.Release()
	r := begin(t, options(base, Overwrite))
	_, err = Hold(dir)
	wantMistake(t, err, "is in use by process ")
	if !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	finish(t, r, Failed)
	heldOf(t, dir).Release()
}

func TestARemovedRunLeavesNothingButItsLock(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	h := heldOf(t, filepath.Join(base, "baseline"))
	if err := h.Remove(); err != nil {
		t.Fatal(err)
	}
	h.Release()
	wantNames(t, base, ".baseline.lock")
}

func TestNothingIsRemovedThroughALink(t *testing.T) {
	base, elsewhere := t.TempDir(), t.TempDir()
	trained(t, elsewhere, "old")
	if err := os.Symlink(filepath.Join(elsewhere, "baseline"), filepath.Join(base, "baseline")); err != nil {
		t.Fatal(err)
	}
	h := heldOf(t, filepath.Join(base, "baseline"))
	defer h.Release()
	wantMistake(t, h.Remove(), "is a symbolic link")
	wantTree(t, elsewhere, runTree("baseline", "old"))
}

func TestAStagedFolderTakesAFreeNameAlone(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	for name, free := range map[string]bool{"baseline": false, "other": true} {
		h := heldOf(t, filepath.Join(base, name))
		stage, err := h.Stage()
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(stage, "config.yaml"), "new")
		if err = h.Place(stage); (err == nil) != free {
			t.Errorf("%s: %v", name, err)
		}
		if !free {
			if err := h.Discard(stage); err != nil {
				t.Error(err)
			}
		}
		h.Release()
	}
	wantTree(t, base, runTree("baseline", "old")+"\nother/config.yaml=new")
}

func TestHoldOfWhatCannotBeAnExperimentIsAMistake(t *testing.T) {
	base := t.TempDir()
	for dir, phrase := range map[string]string{filepath.Join(base, "no", "a"): "there is no folder", filepath.Join(base, ".a"): "is not possible"} {
		_, err := Hold(dir)
		wantMistake(t, err, phrase)
	}
	wantNames(t, base)
}

func TestLeftoversAreThoseOfKilledProcessesAlone(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	const dead = "tmp-999999999-0123abcd"
	for _, rel := range []string{".baseline.trash-7/x", ".other.new-8/checkpoints/last_model.pt", "baseline/checkpoints/.best_model.pt." + dead, ".a.tar.zst." + dead, "baseline/.hidden", ".other.txt"} {
		put(t, filepath.Join(base, rel), "12345")
	}
	list, err := Leftovers(base)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range list {
		rel, _ := filepath.Rel(base, l.Path)
		if l.Size != 5 {
			t.Errorf("%s: %d bytes", rel, l.Size)
		}
		got = append(got, rel)
	}
	want := ".a.tar.zst." + dead + " .baseline.trash-7 .other.new-8 baseline/checkpoints/.best_model.pt." + dead
	if strings.Join(got, " ") != want {
		t.Errorf("found %q\nwant  %q", got, want)
	}
	r := begin(t, options(base, Overwrite))
	if list, err = Leftovers(base); err != nil || len(list) != 3 {
		t.Errorf("while the run is replaced: %v, %v", list, err)
	}
	finish(t, r, Failed)
	h := heldOf(t, filepath.Join(base, "other"))
	notices, err := h.Tidy()
	h.Release()
	if err != nil {
		t.Fatal(err)
	}
	wantNotice(t, notices, "the old run is back in its place")
	wantNames(t, base, ".a.tar.zst."+dead, ".baseline.lock", ".other.lock", ".other.txt", "baseline", "other")
}
