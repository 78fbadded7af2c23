//go:build !cgo

package cgo

import "errors"

// Available says whether this build can load libtorch at all.
const Available = false

var errNoCgo = errors.New("this trainer was built without cgo (CGO_ENABLED=0) and cannot load libtorch; build it with `make build`")

// Load answers that this build has no binding.
func Load(string) error { return errNoCgo }

// Setenv does nothing in this build.
func Setenv(string, string) {}

// KeepMemory does nothing in this build.
func KeepMemory() {}

// FreeTensors does nothing in this build.
func FreeTensors([]Tensor) {}

// FreeGenerator does nothing in this build.
func FreeGenerator(Generator) {}
