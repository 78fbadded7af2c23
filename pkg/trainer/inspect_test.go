package trainer

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

// foreignFile copies a file that PyTorch wrote to the site.
func foreignFile(t *testing.T, root, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "pkg", "checkpoint", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Base(name)
	if err := os.WriteFile(to, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

func checkout(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestInspectTellsWhatAForeignFileHolds(t *testing.T) {
	root := checkout(t)
	s := newSite(t)
	for name, want := range map[string][]string{
		"torch-2.15.0/lightning.ckpt": {"lightning.ckpt: whole, epoch 1\n", "Lightning checkpoint: epoch, ", "layer.weight", "2 tensors, 9 numbers", "pytorch-lightning 2"},
		"torch-1.13.1/trained.pt":     {"trained.pt: whole, epoch 1\n", "PyTorch file: epoch, model, optimizer", "0.weight", "parameters: 2, groups: 1, tensors: 6, lr 0.5"},
		"checkpoint.pt":               {"checkpoint.pt: whole, epoch 5, metric 0.125, not written by trainer", "2 tensors, 8 numbers"},
		"views.pt":                    {"PyTorch state dict\n", "transposed", "10 tensors"},
	} {
		r := s.ok("inspect", foreignFile(t, root, name))
		for _, w := range want {
			if !strings.Contains(r.stdout, w) {
				t.Errorf("%s: no %q in\n%s", name, w, r.stdout)
			}
		}
	}
	r := s.run("inspect", foreignFile(t, root, "old_format.pt"))
	if r.code != exitMistake || !strings.Contains(r.messages, "python -c") {
		t.Errorf("old format: %d %s", r.code, r.messages)
	}
	r = s.run("inspect", foreignFile(t, root, "plain.pt"))
	if r.code != exitMistake || !strings.Contains(r.messages, "holds no tensors") {
		t.Errorf("no tensors: %d %s", r.code, r.messages)
	}
}

func safetensorsFile(header string, data ...byte) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + string(data)
}

func TestInspectReadsSafetensors(t *testing.T) {
	s := newSite(t)
	s.write("m.bin", safetensorsFile(`{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 128, 63))
	r := s.ok("inspect", "m.bin", "--json")
	var got map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got["kind"] != "safetensors" || len(got["tensors"].([]any)) != 1 {
		t.Errorf("%v in %s", err, r.stdout)
	}
	s.write("nan.safetensors", safetensorsFile(`{"a.w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, 0xc0, 0x7f, 0x80, 0x3f))
	r = s.run("inspect", "nan.safetensors")
	if r.code != exitFailed || r.messages != "trainer: nan.safetensors: whole, but not all of its numbers are finite: a.w (1 NaN of 2)\n" || !strings.Contains(r.stdout, "bfloat16") {
		t.Errorf("%d %s %s", r.code, r.messages, r.stdout)
	}
	s.write("cut.safetensors", safetensorsFile(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0))
	r = s.run("inspect", "cut.safetensors")
	if r.code != exitMistake || strings.Count(r.messages, "\n") != 1 || !strings.HasPrefix(r.messages, "trainer: cut.safetensors: ") {
		t.Errorf("%d %s", r.code, r.messages)
	}
	r = s.run("inspect", "none.safetensors")
	if r.code != exitMistake || r.messages != "trainer: none.safetensors: no such file or directory\n" {
		t.Errorf("%d %s", r.code, r.messages)
	}
}

// Inspect fails, and prediction and resume warn.
func TestWeightsThatAreNotFiniteAreToldByName(t *testing.T) {
	s := newTorchSite(t)
	s.train("checkpoint.save_strategy=best")
	f := s.load(best)
	key := f.Model.Keys()[0].(string)
	v, _ := f.Model.Get(key)
	binary.LittleEndian.PutUint32(v.(*checkpoint.Tensor).Data[4:], math.Float32bits(float32(math.Inf(1))))
	if err := checkpoint.Save(best, f); err != nil {
		t.Fatal(err)
	}
	name := key + " (1 infinite of "
	if r := s.run("inspect", best); r.code != exitFailed || !strings.Contains(r.messages, name) || !strings.Contains(r.stdout, "whole, epoch ") {
		t.Errorf("inspect: %d %s", r.code, r.messages)
	}
	if r := s.run("predict", "runs/a"); !strings.Contains(r.messages, "note: "+best+": the model has weights that are not finite") || !strings.Contains(r.messages, name) {
		t.Errorf("predict: %d %s", r.code, r.messages)
	}
	if r := s.run("resume", "runs/a", "--set", "training.epochs=9"); !strings.Contains(r.messages, name) {
		t.Errorf("resume: %d %s", r.code, r.messages)
	}
}

// An experiment that comes from elsewhere cannot make trainer write out of it.
func TestLinksOutOfAnExperimentAreRefused(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.write("elsewhere/keep.txt", "mine")
	for _, c := range []struct {
		part string
		args []string
	}{
		{"predictions", []string{"predict", "runs/a"}},
		{"embeddings", []string{"extract-embeddings", "runs/a"}},
		{"logs", []string{"resume", "runs/a"}},
		{"checkpoints", []string{"resume", "runs/a"}},
		{".trainer", []string{"predict", "runs/a"}},
	} {
		path := filepath.Join("runs", "a", c.part)
		_, err := os.Lstat(path)
		moved := err == nil
		if moved {
			rename(t, path, "aside")
		}
		link(t, filepath.Join("..", "..", "elsewhere"), path)
		before := listing(t, "elsewhere")
		r := s.run(c.args...)
		if r.code != exitMistake || !strings.Contains(r.messages, path+" is a symbolic link out of the experiment") {
			t.Errorf("%s: %d %s", c.part, r.code, r.messages)
		}
		if after := listing(t, "elsewhere"); strings.Join(after, "\n") != strings.Join(before, "\n") {
			t.Errorf("%s: wrote %v", c.part, after)
		}
		s.remove(path)
		if moved {
			rename(t, "aside", path)
		}
	}
	rename(t, "runs/a/logs/training.log", "log.txt")
	link(t, "../../../log.txt", "runs/a/logs/training.log")
	if r := s.run("resume", "runs/a"); r.code != exitMistake || !strings.Contains(r.messages, "training.log is a symbolic link out of") {
		t.Errorf("log: %d %s", r.code, r.messages)
	}
	rename(t, "log.txt", "aside")
	s.remove("runs/a/logs/training.log")
	rename(t, "aside", "runs/a/logs/training.log")
	// A link to the experiment itself is where its owner put it.
	rename(t, "runs/a", "far_away")
	link(t, "../far_away", "runs/a")
	s.ok("predict", "runs/a")
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// Names in configs are one folder name; nothing is made or found outside.
func TestTricksInNamesOfConfigsAreRefused(t *testing.T) {
	s := newSite(t)
	s.write("victim/config.yaml", "x: 1\n")
	before := listing(t, ".")
	for _, name := range []string{"../victim", "..", ".", "/etc", "a/b", `a\0b`, `a\nb`, ".hidden", ""} {
		text := "experiment: {name: \"" + name + "\", output_dir: runs}\n"
		s.write("i.yaml", text)
		for _, args := range [][]string{{"predict", "i.yaml"}, {"extract-embeddings", "i.yaml"}, {"train", "x.yaml", "--set", `experiment.name="` + name + `"`}} {
			if r := s.run(args...); r.code != exitMistake || !strings.Contains(r.messages, "experiment.name") {
				t.Errorf("%v %q: %d %s", args, name, r.code, r.messages)
			}
		}
	}
	s.remove("i.yaml")
	if after := listing(t, "."); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("made %v", after)
	}
}
