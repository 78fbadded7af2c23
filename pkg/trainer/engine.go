package trainer

import (
	"context"
	"errors"

	"github.com/gotrainer/trainer/pkg/torch"
)

// chooseDevice resolves device: auto, cpu, cuda or cuda:N; key names it in the error.
// The reason says why auto did not take a GPU.
func chooseDevice(e *torch.Engine, key, device string) (d torch.Device, reason string, err error) {
	if device == "cpu" {
		return torch.CPU, "", nil
	}
	n, absent, err := e.GPUs()
	if err != nil {
		return torch.CPU, "", err
	}
	if device == "auto" {
		if absent != nil {
			return torch.CPU, absent.Reason, nil
		}
		return torch.CUDA(0), "", nil
	}
	d, err = torch.ParseDevice(device)
	switch {
	case err != nil:
		return d, "", mistakef("%s: %v", key, err)
	case absent != nil:
		return d, "", mistakef("%s: found %s, but %s; %s, or set it to auto or cpu", key, device, absent.Reason, absent.Remedy)
	case int(d) >= n:
		return d, "", mistakef("%s: found %s, but the last visible device is %s; set it to that or to auto", key, device, torch.CUDA(n-1))
	}
	return d, "", nil
}

// useDevice lets the engine compute on a device; tf32 allows a GPU to take that for
// products of float32.
func useDevice(e *torch.Engine, d torch.Device, tf32 bool) error {
	return e.Do(context.Background(), func() error {
		if d.IsCUDA() {
			torch.SetTF32(tf32)
		}
		return torch.UseDevice(d)
	})
}

// onCPU is the notice that auto did not take a GPU.
func onCPU(key, reason string) string { return key + ": auto takes the CPU: " + reason }

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
