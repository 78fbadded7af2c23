package main

import (
	"errors"

	"github.com/gotrainer/trainer/pkg/torch"
)

// chooseDevice resolves device: auto, cpu, cuda or cuda:N; key names it in the error.
// The reason says why auto did not take a GPU.
func chooseDevice(e *torch.Engine, key, device string) (d torch.Device, reason string, err error) {
	if device == "cpu" {
		return torch.CPU, "", nil
	}
	n, err := e.CUDADevices()
	if err != nil {
		return torch.CPU, "", err
	}
	if device == "auto" {
		if n > 0 {
			return torch.CUDA(0), "", nil
		}
		return torch.CPU, "this libtorch sees no GPU", nil
	}
	d, err = torch.ParseDevice(device)
	if err != nil {
		return d, "", mistakef("%s: %v", key, err)
	}
	if int(d) >= n {
		return d, "", mistakef("%s: found %s, but this libtorch sees %d GPUs; use auto or cpu, or a CUDA build of trainer on a machine with a GPU", key, device, n)
	}
	return d, "", nil
}

// startEngine loads libtorch; its absence is told with the command that helps.
func startEngine(threads int, deterministic bool) (*torch.Engine, error) {
	e, err := torch.Start(torch.Options{Threads: threads, Deterministic: deterministic})
	var missing *torch.MissingError
	if errors.As(err, &missing) {
		return nil, missing
	}
	return e, err
}

// both runs two independent preparations side by side.
func both(a, b func() error) error {
	done := make(chan error, 1)
	go func() { done <- a() }()
	errB := b()
	if err := <-done; err != nil {
		return err
	}
	return errB
}
