//go:build !cgo || cpu

package cgo

import "errors"

// GPU is a device as NVML knows it.
type GPU struct{}

// GPUSample is what a GPU tells of itself; -1 stands for what it does not tell.
type GPUSample struct {
	Utilization        float64 // percent of the time in which a kernel ran
	MemoryUsed, Memory float64 // bytes, of all processes
	Power, PowerLimit  float64 // watts
	Temperature        float64 // °C
}

var errNoNVML = errors.New("nvml: this trainer was built for the CPU only")

// OpenNVML answers that this build has no CUDA.
func OpenNVML() error { return errNoNVML }

// GPUs answers that this build has no CUDA.
func GPUs() ([]GPU, error) { return nil, errNoNVML }

// GPUOfCUDA answers that this build has no CUDA.
func GPUOfCUDA(int) (GPU, error) { return GPU{}, errNoNVML }

// Name is empty in this build.
func (GPU) Name() string { return "" }

// Capability is 0 in this build.
func (GPU) Capability() (major, minor int) { return 0, 0 }

// Sample is empty in this build.
func (GPU) Sample() GPUSample { return GPUSample{} }

// DriverVersion answers that this build has no CUDA.
func DriverVersion() (driver string, cuda int, err error) { return "", 0, errNoNVML }
