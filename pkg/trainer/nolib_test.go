package trainer

import (
	"os"
	"strings"
	"testing"
)

// withoutLibtorch is the program where no libtorch can be found: in a folder of its
// own, outside the checkout.
func withoutLibtorch(t *testing.T, program func() (string, error), missing string) {
	s := newSite(t)
	if err := os.Mkdir("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	start := func(args ...string) result {
		t.Helper()
		return runProcess(t, program, []string{"TRAINER_LIB=" + s.dir + "/empty"}, args...)
	}
	before := listing(t, s.dir)
	for _, args := range [][]string{{"train", "x.yaml"}, {"train", "x.yaml", "-q", "--json"}} {
		if r := start(args...); r.code != exitFailed || r.stdout != "" || r.messages != "trainer: "+missing+"\n" {
			t.Errorf("%v: exit code %d, stdout %q, stderr %s", args, r.code, r.stdout, r.messages)
		}
	}
	unchanged(t, before, listing(t, s.dir))
	if r := start("--help"); r.code != exitDone || !strings.Contains(r.stdout, "\nEXAMPLES\n") {
		t.Errorf("--help: exit code %d: %s%s", r.code, r.stdout, r.messages)
	}
	if r := start("validate", "x.yaml"); r.code != exitDone || !strings.HasPrefix(r.stdout, "x.yaml: ok, train runs/a") {
		t.Errorf("validate: exit code %d: %s%s", r.code, r.stdout, r.messages)
	}
	if r := start("train", "x.yaml", "--set", "training.epoch=3"); r.code != exitMistake || !strings.HasPrefix(r.messages, "--set training.epoch=3: unknown key") {
		t.Errorf("a config error: exit code %d: %s", r.code, r.messages)
	}
	if r := start("train", "x.yaml", "--set", "data={source: npy, path: no.npy}"); r.code != exitMistake || !strings.Contains(r.messages, "data.path: no.npy does not exist") || strings.Contains(r.messages, "libtorch") {
		t.Errorf("a data error: exit code %d: %s", r.code, r.messages)
	}
	if r := start("version"); r.code != exitDone || r.messages != "note: "+missing+"\n" || !strings.Contains(r.stdout, "libtorch not found\n") {
		t.Errorf("version: exit code %d: %s%s", r.code, r.stdout, r.messages)
	}
	path := source + "/../../pkg/checkpoint/testdata/checkpoint.pt" // a file of PyTorch
	if r := start("inspect", path); r.code != exitDone || !strings.Contains(r.stdout, "whole, epoch") {
		t.Errorf("inspect: exit code %d: %s%s", r.code, r.stdout, r.messages)
	}
}

func TestWithoutLibtorchOneSentenceSaysWhatIsMissing(t *testing.T) {
	const missing = "libtorch is not set up: libtrainer_cpu.so is neither in $TRAINER_LIB nor in lib/ beside the program; run `make build`, which finds or fetches libtorch"
	if path, err := built(); err == nil {
		if r := runProcess(t, func() (string, error) { return path, nil }, nil, "version"); strings.Contains(r.messages, "without cgo") {
			t.Skip("this test run builds without cgo")
		}
	}
	withoutLibtorch(t, built, missing)
}

func TestWithoutCgoOneSentenceSaysWhatIsMissing(t *testing.T) {
	withoutLibtorch(t, builtNoCgo, "this trainer was built without cgo (CGO_ENABLED=0) and cannot load libtorch; build it with `make build`")
}
