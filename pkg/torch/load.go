package torch

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/gotrainer/trainer/cgo"
)

// MissingError says in one sentence why libtorch cannot be loaded and which command
// helps.
type MissingError struct{ Msg string }

func (e *MissingError) Error() string { return e.Msg }

const shimName = "libtrainer_cpu.so"

// findShim looks for the shim in $TRAINER_LIB, beside the program (../lib of the
// executable, or its own folder) and in the lib folder of the checkout around the
// working directory.
func findShim() (string, error) {
	if !cgo.Available {
		return "", &MissingError{cgo.Load("").Error()}
	}
	for _, dir := range shimFolders() {
		path := filepath.Join(dir, shimName)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", &MissingError{"libtorch is not set up: " + shimName +
		" is neither in $TRAINER_LIB nor in lib/ beside the program; run `make build`, which finds or fetches libtorch"}
}

func shimFolders() []string {
	var dirs []string
	if dir := os.Getenv("TRAINER_LIB"); dir != "" {
		dirs = append(dirs, dir)
	}
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dirs = append(dirs, filepath.Join(filepath.Dir(exe), "..", "lib"), filepath.Dir(exe))
	}
	if root := checkout(); root != "" {
		dirs = append(dirs, filepath.Join(root, "lib"))
	}
	return dirs
}

// checkout is the nearest folder above the working directory that holds this module.
func checkout() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module github.com/gotrainer/trainer\n")) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
