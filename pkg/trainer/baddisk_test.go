package trainer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mount puts an empty file system in memory at dir, with the size (64k), until the
// test ends. Without the right to mount the test is skipped.
func (s *site) mount(dir, size string) {
	s.t.Helper()
	if os.Geteuid() != 0 {
		s.t.Skip("mounting a small or read-only file system needs root")
	}
	full := filepath.Join(s.dir, dir)
	if err := os.MkdirAll(full, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", full, "tmpfs", 0, "size="+size); err != nil {
		s.t.Skipf("this machine does not let tests mount a file system: %v", err)
	}
	s.t.Cleanup(func() {
		if err := unix.Unmount(full, unix.MNT_DETACH); err != nil {
			s.t.Error(err)
		}
	})
}

// readOnly makes what is mounted at dir read-only.
func (s *site) readOnly(dir string) {
	s.t.Helper()
	if err := unix.Mount("", filepath.Join(s.dir, dir), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		s.t.Fatal(err)
	}
}

// fill leaves about the given number of bytes free in dir.
func (s *site) fill(dir string, free int64) {
	s.t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Join(s.dir, dir), &st); err != nil {
		s.t.Fatal(err)
	}
	s.write(dir+"/filler", strings.Repeat("x", int(int64(st.Bavail)*st.Bsize-free)))
}

// onReadOnly mounts runs, makes it ready and then read-only.
func onReadOnly(ready func(s *site)) func(s *site) {
	return func(s *site) {
		s.mount("runs", "4m")
		ready(s)
		s.readOnly("runs")
	}
}

func nothing(*site) {}

func TestUnwritableDirectoriesAreOneSentence(t *testing.T) {
	tryBad(t, []bad{
		{name: "output_dir is a file", torch: true, prep: func(s *site) { s.write("runs", "") }, want: []string{
			"trainer: output_dir runs is not a folder; choose another experiment.output_dir"}},
		{name: "output_dir is in a file", torch: true, prep: func(s *site) { s.write("runs", "") }, set: []string{"experiment.output_dir=runs/vae"}, want: []string{
			"trainer: make runs/vae: runs is a file, not a folder; choose another experiment.output_dir"}},
		{name: "the name is taken by a file", torch: true, prep: func(s *site) { s.write("runs/a", "") }, want: []string{
			"trainer: runs/a is a file, not a folder; move it away or choose another experiment.name"}},
		{name: "the name is taken by a dead link", torch: true, prep: func(s *site) {
			s.write("runs/x", "")
			if err := os.Symlink("nowhere", "runs/a"); err != nil {
				s.t.Fatal(err)
			}
		}, want: []string{"trainer: runs/a is a symbolic link that leads nowhere; remove it or choose another experiment.name"}},
		{name: "read-only", torch: true, prep: onReadOnly(nothing), want: []string{
			"trainer: write runs/.a.lock: the file system is read-only; choose another experiment.output_dir"}},
		{name: "read-only, in a new folder", torch: true, prep: onReadOnly(nothing), set: []string{"experiment.output_dir=runs/vae/more"}, want: []string{
			"trainer: make runs/vae/more: the file system is read-only; choose another experiment.output_dir"}},
		{name: "read-only, over an old run", torch: true, prep: onReadOnly(withRun), want: []string{
			"trainer: write runs/.a.lock: the file system is read-only; choose another experiment.output_dir"}},
		{name: "read-only, embeddings", torch: true, prep: onReadOnly(withRun), args: []string{"extract-embeddings", "runs/a", "-q"}, want: []string{
			"trainer: mkdir runs/a/embeddings: read-only file system"}},
		{name: "read-only, predictions made before", torch: true, prep: onReadOnly(func(s *site) { withRun(s); s.ok("predict", "runs/a") }), args: []string{"predict", "runs/a", "-q"}, want: []string{
			"trainer: write runs/a/predictions/test_predictions.npy: read-only file system; make the folder writable or choose another output_dir"}},
		{name: "the place of the embeddings is a file", torch: true, prep: then(func(s *site) { s.write("runs/a/embeddings", "") }), args: []string{"extract-embeddings", "runs/a", "-q"}, want: []string{
			"trainer: runs/a/embeddings is a file, not a folder; move it away"}},
	})
}

func TestNoSpaceIsOneSentenceAndLosesNothing(t *testing.T) {
	// The first epoch's checkpoint of 76 kB fits into what is left, not a second one
	// beside it.
	wide, stop := "model.encoder.hidden_dims=[32]", "checkpoint.on_error=stop"
	full := func(free int64, ready func(s *site)) func(s *site) {
		return func(s *site) { s.mount("runs", "4m"); ready(s); s.fill("runs", free) }
	}
	many := []string{"data={source: shapes, count: 16384, image_size: 8}"}
	tryBad(t, []bad{
		{name: "for nothing at all", torch: true, code: exitFailed, prep: full(0, nothing), want: []string{
			"trainer: …runs/…: no space left on device…; free some space or choose another experiment.output_dir"}},
		{name: "for the first checkpoint", torch: true, code: exitFailed, prep: full(40<<10, nothing), args: []string{"train", "x.yaml", "-q"}, set: []string{wide, stop}, want: []string{
			"trainer: checkpoint: write runs/a/checkpoints/best_model.pt: needs … bytes and the disk has … bytes free; free some space or choose another output_dir"}},
		{name: "for the first checkpoint, over an old run", torch: true, code: exitFailed, prep: full(40<<10, withRun), args: []string{"train", "x.yaml", "-q"}, set: []string{wide, stop}, want: []string{
			"note: runs/a is unchanged: the new run ended before its first checkpoint",
			"trainer: checkpoint: write runs/.a.new-…/checkpoints/best_model.pt: needs … bytes and the disk has … bytes free; free some space or choose another output_dir"}},
		{name: "for embeddings", torch: true, code: exitFailed, prep: full(20<<10, withRun), args: []string{"extract-embeddings", "runs/a", "-q"}, set: many, want: []string{
			"trainer: train split: write runs/a/embeddings/train_embeddings.npy: no space left on device (… free); free some space or choose another output_dir"}},
		{name: "for embeddings over older ones", torch: true, code: exitFailed, prep: full(40<<10, func(s *site) { withRun(s); s.ok("extract-embeddings", "runs/a") }), args: []string{"extract-embeddings", "runs/a", "-q"},
			set: append(many, "splits=[test,train]"), want: []string{
				"trainer: train split: write runs/a/embeddings/train_embeddings.npy: no space left on device (… free); free some space or choose another output_dir"}},
		{name: "for predictions", torch: true, code: exitFailed, prep: full(20<<10, withRun), args: []string{"predict", "runs/a", "-q"}, set: many, want: []string{
			"trainer: test split: write runs/a/predictions/test_predictions.npy: no space left on device (… free); free some space or choose another output_dir"}},
		{name: "for labels", torch: true, code: exitFailed, prep: full(20<<10, withRun), args: []string{"extract-embeddings", "runs/a", "-q"}, set: append(many, "splits=[test]", "output.extras=[indices,labels]", "batch_size=64"), want: []string{
			"trainer: test split: write runs/a/embeddings/test_…: no space left on device (… free); free some space or choose another output_dir"}},
	})
}

// The disk is full when the second checkpoint is written: the run fails, and the best
// of the epochs before is as it was.
func TestFullDiskLeavesTheBestCheckpoint(t *testing.T) {
	s := newTorchSite(t)
	s.mount("runs", "4m")
	s.fill("runs", 150<<10)
	r := s.run(withSet([]string{"train", "x.yaml", "-q"}, []string{"model.encoder.hidden_dims=[32]", "training.epochs=4", "training.lr=0.01", "checkpoint.on_error=stop"})...)
	if want := "trainer: checkpoint: write runs/a/checkpoints/best_model.pt: needs "; r.code != exitFailed || !strings.HasPrefix(r.messages, want) || strings.Count(r.messages, "\n") != 1 {
		t.Errorf("exit code %d\n%s", r.code, r.messages)
	}
	if r := s.ok("inspect", best); !strings.Contains(r.stdout, "whole, epoch 1,") {
		t.Error(r.stdout)
	}
	if got := names(t, "runs/a/checkpoints"); got != "best_model.pt" {
		t.Error(got)
	}
	if state := s.read("runs/a/.trainer/state.json"); !strings.Contains(state, `"failed"`) {
		t.Error(state)
	}
	s.ok("predict", "runs/a", "--json")
}
