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

const (
	cpuShim  = "libtrainer_cpu.so"
	cudaShim = "libtrainer_cuda.so"
)

// chooseShim is the path of the shim that is loaded: the CUDA one where nothing stands
// in CUDA's way (NoCUDA), else the CPU one. TRAINER_SHIM=cuda or cpu decides instead;
// with cuda and without a GPU, everything is computed on the CPU.
func chooseShim() (string, error) {
	switch asked := os.Getenv("TRAINER_SHIM"); {
	case !cgo.Available:
		return "", &MissingError{cgo.Load("").Error()}
	case asked == "cuda" && !cgo.CUDABuild:
		return "", &askedError{"TRAINER_SHIM=cuda: this is a CPU build of trainer; build it with `make build`, without TAGS=cpu, or unset TRAINER_SHIM"}
	case asked == "cuda", asked == "" && NoCUDA() == nil:
		return findShim(cudaShim)
	case asked == "cpu", asked == "":
		return findShim(cpuShim)
	default:
		return "", &askedError{"TRAINER_SHIM=" + asked + ": found neither cuda nor cpu; set it to one of them, or unset it"}
	}
}

// askedError is a mistake in the environment, as one sentence.
type askedError struct{ msg string }

func (e *askedError) Error() string   { return e.msg }
func (e *askedError) UserError() bool { return true }

// findShim looks for the shim of that name in $TRAINER_LIB, beside the program (../lib
// of the executable, or its own folder) and in the lib folder of the checkout around
// the working directory.
func findShim(name string) (string, error) {
	for _, dir := range shimFolders() {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", &MissingError{"libtorch is not set up: " + name +
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
