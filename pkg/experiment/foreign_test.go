package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOverwriteCarriesTheUsersFilesOver(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	old := filepath.Join(base, "baseline")
	for _, rel := range []string{"notes.txt", "plots/umap.png", "plots/deep/er.png", "checkpoints/copy_of_best.pt",
		"logs/tensorboard/events.1", "embeddings/umap.npy.png", "evaluation/mine.json", ".hidden", "report.txt"} {
		put(t, filepath.Join(old, rel), "mine")
	}
	if err := os.Symlink("elsewhere", filepath.Join(old, "predictions")); err != nil {
		t.Fatal(err)
	}
	for _, rel := range []string{"embeddings/val_embeddings.npy.gz", "embeddings/train_labels.npy", "report/index.html", "evaluation/test_evaluation.json", "evaluation/test_densities.npy",
		"checkpoints/epoch_001.pt", "checkpoints/epoch_1000.pt", "checkpoints/resume.pt", ".trainer/spool/x",
		"checkpoints/.best_model.pt.tmp-12-00ff00ff"} {
		put(t, filepath.Join(old, rel), "of the old weights")
	}
	r := begin(t, options(base, Overwrite))
	putRun(t, r.Dir(), "new")
	notices := publish(t, r)
	wantNotice(t, notices, "kept what trainer did not make: .hidden, checkpoints/copy_of_best.pt, embeddings/umap.npy.png, "+
		"evaluation/mine.json, logs/tensorboard, notes.txt, plots, predictions, report.txt")
	wantTree(t, r.Dir(), strings.Join([]string{".hidden=mine", "checkpoints/best_model.pt=new", "checkpoints/copy_of_best.pt=mine",
		"checkpoints/last_model.pt=new", "config.yaml=new", "embeddings/umap.npy.png=mine", "evaluation/mine.json=mine", "logs/metrics.jsonl=new",
		"logs/tensorboard/events.1=mine", "logs/training.log=new", "notes.txt=mine", "plots/deep/er.png=mine", "plots/umap.png=mine",
		"predictions=link", "report.txt=mine"}, "\n"))
	wantNames(t, base, ".baseline.lock", "baseline")
}

func TestFilesWhoseNameIsTakenAreKeptBesideIt(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "logs"), "a file of the user where trainer has a folder")
	put(t, filepath.Join(to, "logs", "training.log"), "new")
	put(t, filepath.Join(to, "logs.old"), "taken as well")
	moved, err := place{step: func(string) {}}.carry(from, to)
	if err != nil || len(moved) != 1 || moved[0] != "logs.old2" {
		t.Fatalf("moved %q, %v; want logs.old2", moved, err)
	}
	wantTree(t, to, "logs/training.log=new\nlogs.old=taken as well\nlogs.old2=a file of the user where trainer has a folder")
}

func TestLongListsAreCut(t *testing.T) {
	names := strings.Split(strings.Repeat("a ", 13), " ")[:13]
	if got, want := listed(names), strings.Repeat("a, ", 9)+"a and 3 more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOnlyOurCheckpointsCount(t *testing.T) {
	for name, want := range map[string]bool{"best_model.pt": true, "epoch_007.pt": true, "resume.pt": true, "epoch_7.pt": false,
		"other.pt": false, ".best_model.pt.tmp-1-00ff00ff": false} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "checkpoints", name), "x")
		if got := hasCheckpoint(dir); got != want {
			t.Errorf("%s counts as a checkpoint: %v, want %v", name, got, want)
		}
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "checkpoints", "best_model.pt"), "")
	if hasCheckpoint(dir) {
		t.Error("an empty file counts as a checkpoint")
	}
}
