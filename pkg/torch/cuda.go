package torch

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/gotrainer/trainer/cgo"
)

// CUDAAbsence says why this process does not compute on CUDA, and what would help.
// Both are parts of a sentence.
type CUDAAbsence struct{ Reason, Remedy string }

// needCUDA is the oldest CUDA that the driver must support, as the driver writes it:
// programs of one major version run on its first driver.
const needCUDA = 13000

const needDriver = "install the NVIDIA driver 580 or later"

var driver = sync.OnceValue(cgo.AskDriver)

// NoCUDA asks the driver, not libtorch, whether CUDA can be used, and looks for the
// CUDA shim. It is nil where nothing stands in the way; the answer stays the same for
// the life of the process. What TRAINER_SHIM asks for does not change it.
func NoCUDA() *CUDAAbsence { return noCUDA() }

var noCUDA = sync.OnceValue(func() *CUDAAbsence {
	switch {
	case !cgo.Available:
		return &CUDAAbsence{"this trainer was built without cgo", "build it with `make build`"}
	case !cgo.CUDABuild:
		return &CUDAAbsence{"this is a CPU build of trainer", "build it with `make build`, without TAGS=cpu"}
	}
	if absent := refused(driver()); absent != nil {
		return absent
	}
	if _, err := findShim(cudaShim); err != nil {
		return &CUDAAbsence{cudaShim + " is neither in $TRAINER_LIB nor in lib/ beside the program", "run `make build`"}
	}
	return nil
})

// refused says what is wrong with the driver; nil where it has a device for us.
func refused(d cgo.Driver) *CUDAAbsence {
	visible, set := os.LookupEnv("CUDA_VISIBLE_DEVICES")
	switch {
	case !d.Found:
		return &CUDAAbsence{fmt.Sprintf("there is no NVIDIA driver (%s)", d.Message),
			needDriver + "; a container needs --gpus all"}
	case d.Version > 0 && d.Version < needCUDA:
		return &CUDAAbsence{fmt.Sprintf("the NVIDIA driver is too old: it supports CUDA %s, needed is CUDA %s", cudaText(d.Version), cudaText(needCUDA)),
			needDriver}
	case d.Status != 0 && d.Status != noDevice:
		return &CUDAAbsence{fmt.Sprintf("the NVIDIA driver does not start (%s, error %d)", d.Message, d.Status),
			"see what nvidia-smi says; a restart may help after an update of the driver"}
	case d.Devices > 0:
		return nil
	case set:
		return &CUDAAbsence{fmt.Sprintf("no device is visible with CUDA_VISIBLE_DEVICES=%q", visible),
			"unset it, or name a device that nvidia-smi lists, as CUDA_VISIBLE_DEVICES=0"}
	}
	return &CUDAAbsence{"the NVIDIA driver finds no device", "see what nvidia-smi says; a container needs --gpus all"}
}

const noDevice = 100 // CUDA_ERROR_NO_DEVICE

// cudaText is a version like 13020 as people write it.
func cudaText(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

// DriverCUDA is the newest CUDA that this machine's driver supports, like "13.0"; empty
// where there is no driver or this is a CPU build.
func DriverCUDA() string {
	if v := driver().Version; v > 0 {
		return cudaText(v)
	}
	return ""
}

// DeviceInfo describes a GPU.
type DeviceInfo struct {
	Name            string
	Capability      [2]int // compute capability, e.g. 9 and 0
	Memory          int64  // bytes in all
	Multiprocessors int
}

// CUDAVersion is the CUDA that the loaded shim was built with, e.g. "13.2"; empty for
// the CPU shim.
func (e *Engine) CUDAVersion() (string, error) {
	n, err := e.number(cgo.CUDAVersion)
	if n == 0 {
		return "", err
	}
	return cudaText(n), err
}

// CUDADevices is the number of GPUs that libtorch sees; 0 with the CPU shim.
func (e *Engine) CUDADevices() (int, error) { return e.number(cgo.CUDADevices) }

func (e *Engine) number(ask func() (int64, error)) (int, error) {
	var n int64
	err := e.Do(context.Background(), func() (err error) {
		n, err = ask()
		return err
	})
	return int(n), err
}

// CUDADevice describes the GPU cuda:i.
func (e *Engine) CUDADevice(i int) (DeviceInfo, error) {
	var numbers [4]int64
	name, length := make([]byte, 256), int64(0)
	err := e.Do(context.Background(), func() (err error) {
		length, err = cgo.CUDADevice(int64(i), numbers[:], name)
		return err
	})
	if err != nil {
		return DeviceInfo{}, fmt.Errorf("cuda:%d: %w", i, err)
	}
	return DeviceInfo{Name: string(name[:length]), Capability: [2]int{int(numbers[0]), int(numbers[1])}, Memory: numbers[2], Multiprocessors: int(numbers[3])}, nil
}

// GPUs is the number of GPUs that this engine computes on and, where that is 0, why.
func (e *Engine) GPUs() (int, *CUDAAbsence, error) {
	if absent := NoCUDA(); absent != nil {
		return 0, absent, nil
	}
	n, err := e.CUDADevices()
	if n > 0 || err != nil {
		return n, nil, err
	}
	if os.Getenv("TRAINER_SHIM") == "cpu" {
		return 0, &CUDAAbsence{"TRAINER_SHIM=cpu leaves CUDA out", "unset it"}, nil
	}
	return 0, &CUDAAbsence{"libtorch sees no GPU, although the NVIDIA driver has one", "see what nvidia-smi says"}, nil
}
