//go:build !faults

package atomicfile

import "os"

// Point marks a step that changes the disk, before it is done. Built with the tag
// faults, it is where tests kill the process or let the step fail with the error
// (see TRAINER_FAULT in point_faults.go); otherwise it is nil and costs nothing.
func Point(op, path string) error { return nil }

// Write appends p to f, as f.Write; the tag faults can stop it half-way.
func Write(f *os.File, path string, p []byte) (int, error) { return f.Write(p) }
