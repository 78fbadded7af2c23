package torch

import "github.com/gotrainer/trainer/cgo"

// StartProfile begins to record every op that runs, with its shapes and times; on a GPU
// the kernels too. It costs a few microseconds an op until StopProfile.
func StartProfile(d Device) {
	if err := cgo.ProfileStart(d.IsCUDA()); err != nil {
		fail("profile", err)
	}
}

// StopProfile ends the recording and writes it to path as a Chrome trace (JSON).
func StopProfile(path string) {
	if err := cgo.ProfileStop([]byte(path)); err != nil {
		fail("profile", err)
	}
}
