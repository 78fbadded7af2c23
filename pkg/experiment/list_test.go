package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// listedRuns gives each run below root as "path status", staged ones with a mark.
func listedRuns(t *testing.T, root string) string {
	t.Helper()
	infos, err := List(root)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range infos {
		rel, _ := filepath.Rel(root, filepath.Join(filepath.Dir(i.Dir), i.Name))
		text := rel + " " + i.Status
		if i.Staged {
			text += " staged"
		}
		out = append(out, strings.TrimSpace(text))
	}
	return strings.Join(out, ", ")
}

func TestListFindsRunsAtEveryDepth(t *testing.T) {
	root := t.TempDir()
	trained(t, filepath.Join(root, "vae"), "x")
	putRun(t, filepath.Join(root, "sae", "python"), "x")
	put(t, filepath.Join(root, "sae", "logged", "config.yaml"), "x")
	put(t, filepath.Join(root, "sae", "logged", "logs", "training.log"), "x")
	put(t, filepath.Join(root, "configs", "config.yaml"), "x")
	put(t, filepath.Join(root, "vae", "baseline", "notes", "checkpoints", "best_model.pt"), "of the user")
	put(t, filepath.Join(root, ".cache", "a", "checkpoints", "best_model.pt"), "x")
	if got := listedRuns(t, root); got != "sae/logged, sae/python, vae/baseline finished" {
		t.Error(got)
	}
	if got := listedRuns(t, filepath.Join(root, "vae", "baseline")); got != ". finished" {
		t.Error(got)
	}
}

func TestListFollowsLinksOnce(t *testing.T) {
	root, elsewhere := t.TempDir(), t.TempDir()
	trained(t, elsewhere, "x")
	trained(t, filepath.Join(root, "z"), "x")
	for link, to := range map[string]string{"a_latest": filepath.Join(root, "z", "baseline"), "scratch": elsewhere, "loop": root, "nowhere": "x"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if got := listedRuns(t, root); got != "z/baseline finished, scratch/baseline finished" {
		t.Error(got)
	}
}

func TestListTellsRunningFromKilled(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	r := begin(t, options(base, Overwrite))
	if got := listedRuns(t, base); got != "baseline running staged, baseline finished" {
		t.Error(got)
	}
	putRun(t, r.Dir(), "new")
	publish(t, r)
	if got := listedRuns(t, base); got != "baseline running" {
		t.Error(got)
	}
	state := filepath.Join(r.Dir(), stateDir, "state.json")
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	if got := listedRuns(t, base); got != "baseline running" {
		t.Errorf("without its state: %s", got)
	}
	finish(t, r, Interrupted)
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	put(t, state, strings.Replace(string(text), Interrupted, Running, 1))
	if got := listedRuns(t, base); got != "baseline interrupted" {
		t.Errorf("nobody holds the lock: %s", got)
	}
}

func TestListOfNoFolderIsAMistake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	put(t, file, "x")
	for path, phrase := range map[string]string{file: "is a file", file + "s": "no such folder"} {
		_, err := List(path)
		wantMistake(t, err, path, phrase)
	}
}

func TestContentsCountAFileWithTwoNamesOnce(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "checkpoints", "best_model.pt"), "12345")
	put(t, filepath.Join(dir, "config.yaml"), "123")
	if err := os.Link(filepath.Join(dir, "checkpoints", "best_model.pt"), filepath.Join(dir, "checkpoints", "last_model.pt")); err != nil {
		t.Fatal(err)
	}
	list, err := Contents(dir)
	if err != nil || len(list) != 3 || Size(list) != 8 || fmt.Sprint(list[0].Shared, list[1].Shared) != "false true" {
		t.Errorf("%+v, %v", list, err)
	}
}
