package torch

import "github.com/gotrainer/trainer/cgo"

// UseDevice prepares the engine's thread for work on a device: it comes before the first
// tensor there. A GPU gets one stream, which all its work is on from then on; the CPU
// needs nothing.
func UseDevice(d Device) error {
	if !d.IsCUDA() {
		return nil
	}
	if err := cgo.UseDevice(int64(d)); err != nil {
		return newError("use "+d.String(), err)
	}
	return nil
}
