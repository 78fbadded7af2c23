package torch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/cgo"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/torch/drivertest"
)

// TestMain is also the program of child processes, which answer one question each in a
// process whose environment the test has chosen.
func TestMain(m *testing.M) {
	switch os.Getenv("TRAINER_TEST_CHILD") {
	case "":
		os.Exit(m.Run())
	case "nocuda":
		if a := torch.NoCUDA(); a != nil {
			fmt.Printf("%s; %s (CUDA %s)", a.Reason, a.Remedy, torch.DriverCUDA())
		}
	case "start":
		if err := startInChild(); err != nil {
			fmt.Print("error: ", err)
		}
	}
}

// startInChild starts an engine and tells what it is like.
func startInChild() error {
	e, err := torch.Start(torch.Options{Threads: 1, Deterministic: true})
	if err != nil {
		var byUser interface{ UserError() bool }
		return fmt.Errorf("%w (by the user: %v)", err, errors.As(err, &byUser) && byUser.UserError())
	}
	defer e.Close()
	version, err := e.CUDAVersion()
	if err != nil {
		return err
	}
	n, absent, err := e.GPUs()
	if err != nil {
		return err
	}
	if absent == nil {
		absent = &torch.CUDAAbsence{}
	}
	return e.Do(context.Background(), func() error {
		x := torch.FromFloat32s([]float32{1, 2, 3, 4}, []int64{2, 2})
		fmt.Printf("CUDA %s, %d devices, product %v: %s", version, n, x.MatMul(x).Float32s(), absent.Reason)
		return nil
	})
}

// child answers the question in a process with that environment, in an empty folder.
func child(t *testing.T, question string, env ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Dir = t.TempDir()
	for _, kv := range os.Environ() {
		switch k, _, _ := strings.Cut(kv, "="); k {
		case "TRAINER_LIB", "TRAINER_SHIM", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH":
		default:
			c.Env = append(c.Env, kv)
		}
	}
	c.Env = append(c.Env, append(env, "TRAINER_TEST_CHILD="+question)...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// withShims is a TRAINER_LIB that has files of these names, which no process may load.
func withShims(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "TRAINER_LIB=" + dir
}

func TestEveryReasonWithoutCUDAIsTold(t *testing.T) {
	needCgo(t)
	if !cgo.CUDABuild {
		if got := child(t, "nocuda", drivertest.Build(t, drivertest.Driver{Version: 13020, Devices: 1})); !strings.HasPrefix(got, "this is a CPU build of trainer; build it with `make build`, without TAGS=cpu") {
			t.Errorf("found %q", got)
		}
		return
	}
	shims := withShims(t, "libtrainer_cpu.so", "libtrainer_cuda.so")
	fake := func(version, status, devices int) string {
		return drivertest.Build(t, drivertest.Driver{Version: version, Status: status, Devices: devices})
	}
	good := fake(13000, 0, 2)
	for _, c := range []struct {
		name, driver string
		env          []string
		want         string // the beginning of the answer
	}{
		{"nothing in the way", good, []string{shims}, ""},
		{"one device chosen", good, []string{shims, "CUDA_VISIBLE_DEVICES=1"}, ""},
		{"no driver", drivertest.None(t), []string{shims}, "there is no NVIDIA driver ("},
		{"old driver", fake(12080, 0, 2), []string{shims}, "the NVIDIA driver is too old: it supports CUDA 12.8, needed is CUDA 13.0; install the NVIDIA driver 580 or later (CUDA 12.8)"},
		{"broken driver", fake(13020, 803, 2), []string{shims}, "the NVIDIA driver does not start (as told, error 803); see what nvidia-smi says"},
		{"no device", fake(13020, 0, 0), []string{shims}, "the NVIDIA driver finds no device; see what nvidia-smi says; a container needs --gpus all (CUDA 13.2)"},
		{"hidden devices", good, []string{shims, "CUDA_VISIBLE_DEVICES="}, `no device is visible with CUDA_VISIBLE_DEVICES=""; unset it`},
		{"hidden by -1", good, []string{shims, "CUDA_VISIBLE_DEVICES=-1"}, `no device is visible with CUDA_VISIBLE_DEVICES="-1"; unset it`},
		{"no CUDA shim", good, []string{withShims(t, "libtrainer_cpu.so")}, "libtrainer_cuda.so is neither in $TRAINER_LIB nor in lib/ beside the program; run `make build`"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := child(t, "nocuda", append(c.env, c.driver)...)
			if !strings.HasPrefix(got, c.want) || (c.want == "" && got != "") {
				t.Errorf("found %q\nwant  %q", got, c.want)
			}
		})
	}
}

// TestShimIsChosen looks at which file is loaded: they are no libraries, and the loader
// says so.
func TestShimIsChosen(t *testing.T) {
	needCgo(t)
	both := withShims(t, "libtrainer_cpu.so", "libtrainer_cuda.so")
	good := drivertest.Build(t, drivertest.Driver{Version: 13020, Devices: 1})
	none := drivertest.None(t)
	onGPU, forced := "libtrainer_cuda.so: file too short", "libtrainer_cuda.so: file too short"
	if !cgo.CUDABuild {
		onGPU, forced = "libtrainer_cpu.so: file too short", "TRAINER_SHIM=cuda: this is a CPU build of trainer; build it with `make build`, without TAGS=cpu, or unset TRAINER_SHIM (by the user: true)"
	}
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"a GPU answers", []string{both, good}, onGPU},
		{"no GPU", []string{both, none}, "libtrainer_cpu.so: file too short"},
		{"a GPU, and no CUDA shim", []string{withShims(t, "libtrainer_cpu.so"), good}, "libtrainer_cpu.so: file too short"},
		{"the CPU is asked for", []string{both, good, "TRAINER_SHIM=cpu"}, "libtrainer_cpu.so: file too short"},
		{"CUDA is asked for", []string{both, none, "TRAINER_SHIM=cuda"}, forced},
		{"nonsense is asked for", []string{both, good, "TRAINER_SHIM=gpu"}, "TRAINER_SHIM=gpu: found neither cuda nor cpu; set it to one of them, or unset it (by the user: true)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := child(t, "start", c.env...); !strings.Contains(got, c.want) {
				t.Errorf("found %q\nwant  %q in it", got, c.want)
			}
		})
	}
}

// TestCUDAShimComputesOnTheCPU loads the real CUDA libtorch in a process that has no driver.
func TestCUDAShimComputesOnTheCPU(t *testing.T) {
	lib, err := filepath.Abs("../../lib")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("TRAINER_SHIM") != "cuda" || !cgo.CUDABuild {
		t.Skip("needs the CUDA shim: make test-cuda runs it")
	}
	for _, c := range []struct{ name, driver, want string }{
		{"no driver", drivertest.None(t), "there is no NVIDIA driver ("},
		{"old driver", drivertest.Build(t, drivertest.Driver{Version: 12040, Devices: 1}), "the NVIDIA driver is too old: it supports CUDA 12.4"},
		{"no device", drivertest.Build(t, drivertest.Driver{Version: 13020}), "the NVIDIA driver finds no device"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := "CUDA 13."
			got := child(t, "start", "TRAINER_LIB="+lib, "TRAINER_SHIM=cuda", c.driver)
			if !strings.HasPrefix(got, want) || !strings.Contains(got, ", 0 devices, product [7 10 15 22]: "+c.want) {
				t.Errorf("found %q", got)
			}
		})
	}
}

// needCgo ends tests of what a build without cgo answers in another way.
func needCgo(t *testing.T) {
	t.Helper()
	if !cgo.Available {
		t.Skip("this is a build without cgo")
	}
}
