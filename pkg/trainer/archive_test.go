package trainer

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/archive"
	"github.com/gotrainer/trainer/pkg/experiment"
)

func TestAnArchivedRunComesBackExactly(t *testing.T) {
	s := newTorchSite(t)
	s.train("checkpoint.save_strategy=all")
	s.ok("extract-embeddings", "runs/a", "-q")
	before := listing(t, "runs/a")
	for _, args := range [][]string{{"runs/a"}, {"runs/a", "--to", "a.tar.gz"}, {"runs/a/", "--to", "b.tgz", "--remove"}} {
		r := s.ok(append([]string{"archive", "--json"}, args...)...)
		var got map[string]any
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got["removed"] != (len(args) == 4) || got["files"] != float64(10) {
			t.Errorf("%v: %v %s", args, err, r.stdout)
		}
	}
	if got := names(t, "runs"); got != ".a.lock a.tar.zst" {
		t.Errorf("runs has %s", got)
	}
	if r := s.ok("restore", "runs/a.tar.zst"); r.stdout != "runs/a: 10 files restored\n" {
		t.Error(r.stdout)
	}
	unchanged(t, before, listing(t, "runs/a"))
	s.ok("restore", "b.tgz", "--to", "elsewhere/c")
	for i := range before {
		before[i] = strings.Replace(before[i], "runs/a", "elsewhere/c", 1)
	}
	unchanged(t, before, listing(t, "elsewhere/c"))
	s.ok("predict", "elsewhere/c")
	if got := names(t, "elsewhere"); got != ".c.lock c" {
		t.Errorf("elsewhere has %s", got)
	}
}

func TestArchiveAndRestoreOfBadInput(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.ok("archive", "runs/a", "--to", "whole.tar.zst")
	text := s.read("whole.tar.zst")
	s.write("cut.tar.zst", text[:len(text)/2])
	s.write("no.tar.gz", "no archive")
	before := listing(t, "runs/a")
	for args, phrase := range map[string]string{
		"archive":                                   "archive needs an experiment directory",
		"archive runs/b":                            "did you mean runs/a?",
		"archive runs/a --to a.zip":                 "a.zip: an archive is called .tar.zst",
		"archive runs/a --to whole.tar.zst":         "whole.tar.zst: exists",
		"archive runs/a --to no/a.tar.zst":          "the folder no does not exist",
		"archive runs/a --to runs/a/a.tar.zst":      "lies in the run",
		"archive runs/a --to runs/a/logs/a.tar.zst": "lies in the run",
		"restore":                         "restore needs an archive",
		"restore whole.tar.zst --to runs": "runs exists",
		"restore no.tar.zst":              "no.tar.zst: no such file",
		"restore no.tar.gz":               "no.tar.gz: is neither zstd nor gzip",
		"restore cut.tar.zst":             "cut.tar.zst: damaged",
		"restore whole.tar.zst --to .x":   "is not possible",
	} {
		if r := s.run(strings.Fields(args)...); r.code != exitMistake || !strings.Contains(r.messages, phrase) || r.stdout != "" {
			t.Errorf("%s: exit code %d, %s%s", args, r.code, r.stdout, r.messages)
		}
	}
	unchanged(t, before, listing(t, "runs/a"))
	held, err := experiment.Hold("runs/a")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	if r := s.run("archive", "runs/a", "--remove"); r.code != exitMistake || !strings.Contains(r.messages, "is in use by process") {
		t.Errorf("exit code %d, %s", r.code, r.messages)
	}
	unchanged(t, before, listing(t, "runs/a"))
}

func TestARunThatChangesWhileItIsArchivedIsNotRemoved(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	held, err := experiment.Hold("runs/a")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	before, err := experiment.Contents("runs/a")
	if err != nil {
		t.Fatal(err)
	}
	s.write("runs/a/notes.txt", "written meanwhile")
	err = removeArchived(held, "runs/a", "a.tar.zst", before, archiveOf(before))
	if err == nil || !isMistake(err) || !strings.Contains(err.Error(), "changed while it was archived") {
		t.Error(err)
	}
	if _, err := os.Stat("runs/a/notes.txt"); err != nil {
		t.Error(err)
	}
}

func archiveOf(list []experiment.Content) archive.Contents {
	return archive.Contents{Name: "a", Files: len(list), Bytes: experiment.Size(list)}
}
