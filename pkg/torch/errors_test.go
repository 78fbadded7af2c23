package torch

import (
	"errors"
	"strings"
	"testing"
)

func TestWhatHasNoDeterministicFormIsToldWithTheKeyThatAllowsIt(t *testing.T) {
	err := newError("pool", errors.New("max_pool3d_backward does not have a deterministic implementation, but you set 'torch.use_deterministic_algorithms(True)'."))
	if text := err.Error(); text != "pool: max_pool3d_backward has no deterministic form on this device; training.deterministic: false allows the other" {
		t.Error(text)
	}
}

func TestLibrariesWithoutMemoryAreOutOfMemory(t *testing.T) {
	err := newError("matmul", errors.New("CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of 79 GiB"))
	if err.Kind != OutOfMemory || err.Bytes != 3<<29 || !strings.Contains(err.Error(), "1610612736 bytes were asked for") {
		t.Errorf("%v, %d bytes: %v", err.Kind, err.Bytes, err)
	}
}
