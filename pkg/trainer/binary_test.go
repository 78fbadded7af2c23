package trainer

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// The program as a process of its own, built once for all tests that need one.
var (
	built       = sync.OnceValues(func() (string, error) { return build("cmd/trainer", "trainer") })
	builtNoCgo  = sync.OnceValues(func() (string, error) { return build("cmd/trainer", "trainer-nocgo", "CGO_ENABLED=0") })
	builtForCPU = sync.OnceValues(func() (string, error) {
		return build("cmd/trainer", "trainer-cpu", "GOFLAGS="+os.Getenv("GOFLAGS")+" -tags=cpu")
	})
	builtIn string // the folder
)

// build makes the program of a folder of the checkout.
func build(folder, name string, env ...string) (string, error) {
	if builtIn == "" {
		dir, err := os.MkdirTemp("", "trainer-test-")
		if err != nil {
			return "", err
		}
		builtIn = dir
	}
	path := filepath.Join(builtIn, name)
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "../../"+folder)
	cmd.Dir, cmd.Env = source, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", errors.New(string(out) + err.Error())
	}
	return path, nil
}

func removeBuilt() {
	if builtIn != "" {
		os.RemoveAll(builtIn)
	}
}

// process is the built program, ready to be started in the working directory.
func process(t *testing.T, built func() (string, error), args ...string) *exec.Cmd {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(path, args...)
}

// runProcess runs the built program with more environment.
func runProcess(t *testing.T, built func() (string, error), env []string, args ...string) result {
	t.Helper()
	cmd := process(t, built, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &stdout, &stderr, append(os.Environ(), env...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
