// Package drivertest gives tests a fake NVIDIA driver: a library that answers as a test
// says, for processes that the test starts. It needs a C compiler.
package drivertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Driver is what a fake NVIDIA driver answers.
type Driver struct {
	Version int // the CUDA that it supports, as 13000
	Status  int // of cuInit; 0 is success
	Devices int // where CUDA_VISIBLE_DEVICES hides none
}

// As the real one does, it hides all devices where the variable begins with none of them.
const driverSource = `
#include <stdlib.h>
#include <string.h>
static int hidden(void) {
  const char *v = getenv("CUDA_VISIBLE_DEVICES");
  return v && (!*v || !strcmp(v, "-1"));
}
int cuDriverGetVersion(int *v) { *v = %d; return 0; }
int cuInit(unsigned flags) { (void)flags; return %d ? %[2]d : hidden() || !%d ? 100 : 0; }
int cuDeviceGetCount(int *n) { *n = hidden() ? 0 : %[3]d; return 0; }
int cuGetErrorString(int status, const char **text) { (void)status; *text = "as told"; return 0; }
`

// Build builds a libcuda.so.1 that answers as d says and returns the variable that
// brings it into a new process: LD_LIBRARY_PATH=….
func Build(t *testing.T, d Driver) string {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("cc, which builds a fake driver, is not installed")
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "driver.c")
	if err := os.WriteFile(source, fmt.Appendf(nil, driverSource, d.Version, d.Status, d.Devices), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("cc", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", filepath.Join(dir, "libcuda.so.1"), source).CombinedOutput()
	if err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return "LD_LIBRARY_PATH=" + dir
}

// None brings a libcuda.so.1 that cannot be loaded into a new process, so that it
// finds no driver even where the machine has one.
func None(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "libcuda.so.1"), []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	return "LD_LIBRARY_PATH=" + dir
}
