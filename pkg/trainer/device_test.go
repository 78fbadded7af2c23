package trainer

import (
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch/drivertest"
)

// deviceCase is a machine without a usable GPU, and what is said of it.
type deviceCase struct {
	name    string
	program func() (string, error)
	env     []string
	reason  string // the beginning of it
	remedy  string
}

func deviceCases(t *testing.T) []deviceCase {
	t.Setenv("TRAINER_SHIM", "") // as users have it
	fake := func(version, devices int) string {
		return drivertest.Build(t, drivertest.Driver{Version: version, Devices: devices})
	}
	install := "install the NVIDIA driver 580 or later"
	return []deviceCase{
		{"CPU build", builtForCPU, []string{fake(13020, 1)}, "this is a CPU build of trainer", "build it with `make build`, without TAGS=cpu"},
		{"no driver", built, []string{drivertest.None(t)}, "there is no NVIDIA driver (", install + "; a container needs --gpus all"},
		{"old driver", built, []string{fake(12080, 1)}, "the NVIDIA driver is too old: it supports CUDA 12.8, needed is CUDA 13.0", install},
		{"no device", built, []string{fake(13020, 0)}, "the NVIDIA driver finds no device", "see what nvidia-smi says; a container needs --gpus all"},
		{"hidden devices", built, []string{fake(13020, 1), "CUDA_VISIBLE_DEVICES=-1"}, `no device is visible with CUDA_VISIBLE_DEVICES="-1"`,
			"unset it, or name a device that nvidia-smi lists, as CUDA_VISIBLE_DEVICES=0"},
	}
}

func TestCUDAThatCannotBeUsedIsAMistakeWithItsRemedy(t *testing.T) {
	s := newTorchSite(t)
	before := listing(t, s.dir)
	for _, c := range deviceCases(t) {
		t.Run(c.name, func(t *testing.T) {
			r := runProcess(t, c.program, c.env, "train", "x.yaml", "--set", "training.device=cuda")
			begin, end := "--set training.device=cuda: training.device: found cuda, but "+c.reason, "; "+c.remedy+", or set it to auto or cpu\n"
			if r.code != exitMistake || !strings.HasPrefix(r.messages, begin) || !strings.HasSuffix(r.messages, end) {
				t.Errorf("exit code %d, stderr %s\nwant %s…%s", r.code, r.messages, begin, end)
			}
		})
	}
	unchanged(t, before, listing(t, s.dir))
}

func TestAutoTellsInOneLineWhyItTakesTheCPU(t *testing.T) {
	for _, c := range deviceCases(t)[:2] {
		t.Run(c.name, func(t *testing.T) {
			s := newTorchSite(t)
			r := runProcess(t, c.program, c.env, "train", "x.yaml", "--set", "training.device=auto")
			want := "training.device: auto takes the CPU: " + c.reason
			if r.code != exitDone || strings.Count(r.messages, want) != 1 {
				t.Errorf("exit code %d, stderr %s\nwant once: %s", r.code, r.messages, want)
			}
			if log := s.read("runs/a/logs/training.log"); strings.Count(log, want) != 1 {
				t.Errorf("training.log has not once: %s\n%s", want, log)
			}
			r = runProcess(t, c.program, c.env, "extract-embeddings", "runs/a")
			if want := "device: auto takes the CPU: " + c.reason; r.code != exitDone || strings.Count(r.messages, want) != 1 {
				t.Errorf("exit code %d, stderr %s\nwant once: %s", r.code, r.messages, want)
			}
		})
	}
}
