package cgo_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// finder is one run of libtorch.py: a cache of its own, and a Python in which only a
// PyTorch that is too old is installed, whatever this machine has.
type finder struct {
	cache string
	args  []string
	env   []string
}

func newFinder(t *testing.T, env ...string) finder {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3, which finds libtorch, is not installed")
	}
	for _, script := range []string{"libtorch.py", "libtorch_fetch.py"} {
		if _, err := os.ReadFile(script); err != nil { // read, so that go test's cache knows of an edit
			t.Fatal(err)
		}
	}
	old := t.TempDir()
	writeTorch(t, filepath.Join(old, "torch"), "2.9.1+cpu")
	f := finder{cache: t.TempDir()}
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); k != "LIBTORCH" && k != "TORCH_VERSION" && !strings.HasPrefix(k, "PIP_") {
			f.env = append(f.env, kv)
		}
	}
	f.env = append(f.env, "XDG_CACHE_HOME="+f.cache, "PYTHONPATH="+old, "PIP_NO_INDEX=1")
	f.env = append(f.env, env...)
	return f
}

func (f finder) command(env ...string) *exec.Cmd {
	c := exec.Command("python3", append([]string{"libtorch.py"}, f.args...)...)
	c.Env = append(slices.Clone(f.env), env...)
	return c
}

// run gives the folder that was printed, what was said, and whether it ended well.
func (f finder) run(env ...string) (root, said string, ok bool) {
	var out, errs strings.Builder
	c := f.command(env...)
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	return strings.TrimSpace(out.String()), errs.String(), err == nil
}

// kept lists the cache without the lock.
func (f finder) kept(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(names(t, filepath.Join(f.cache, "trainer")), func(n string) bool { return n == "libtorch.lock" })
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeTorch makes what the finder takes for the folder of a PyTorch.
func writeTorch(t *testing.T, dir, version string) {
	t.Helper()
	for _, part := range []string{"include/ATen/ATen.h", "lib/libtorch_cpu.so", "lib/libc10.so"} {
		writeFile(t, filepath.Join(dir, part), "")
	}
	writeFile(t, filepath.Join(dir, "version.py"), "__version__ = '"+version+"'\n")
}

func TestFinderTakesTheFirstThatFits(t *testing.T) {
	f := newFinder(t)
	dir := t.TempDir()
	given, installed := filepath.Join(dir, "given"), filepath.Join(dir, "site", "torch")
	writeTorch(t, given, "2.15.0+cu132")
	writeTorch(t, installed, "2.12.1")
	cached := filepath.Join(f.cache, "trainer", "libtorch-2.11.0-cpu")
	writeTorch(t, cached, "2.11.0")
	lib, site := "LIBTORCH="+given, "PYTHONPATH="+filepath.Join(dir, "site")
	for _, c := range []struct {
		name string
		env  []string
		want string // the folder
		said string // part of the message
	}{
		{"LIBTORCH before PyTorch", []string{lib, site}, given, ""},
		{"PyTorch before the cache", []string{site}, installed, ""},
		{"an unsupported PyTorch is passed over", []string{"TORCH_VERSION=2.11.0"}, cached, "it is version 2.9.1+cpu, trainer supports"},
		{"PyTorch of another version than asked for", []string{site, "TORCH_VERSION=2.11.0"}, cached, "it is version 2.12.1, but TORCH_VERSION=2.11.0"},
		{"a build's own suffix does not matter", []string{lib, "TORCH_VERSION=2.15.0"}, given, ""},
		{"LIBTORCH without headers", []string{"LIBTORCH=" + dir}, "", "has no include/ATen/ATen.h"},
		{"TORCH_VERSION that is not supported", []string{lib, "TORCH_VERSION=2.16.0"}, "", "TORCH_VERSION=2.16.0 is not supported"},
		{"LIBTORCH against TORCH_VERSION", []string{lib, "TORCH_VERSION=2.11.0"}, "", "unset one of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, said, ok := f.run(c.env...)
			if root != c.want || ok != (c.want != "") || !strings.Contains(said, c.said) {
				t.Errorf("printed %q (ended well: %v), want %q; said %q, want %q in it", root, ok, c.want, said, c.said)
			}
		})
	}
}

func TestFinderRefusesAnUnsupportedLibtorch(t *testing.T) {
	dir := t.TempDir()
	writeTorch(t, dir, "2.10.0")
	root, said, ok := newFinder(t).run("LIBTORCH=" + dir)
	if ok || root != "" || !strings.Contains(said, "is version 2.10.0, trainer supports 2.11.0 to 2.15.x") {
		t.Errorf("printed %q (ended well: %v), said %q", root, ok, said)
	}
}

func TestFetchKeepsWhatIsNeededAndThenWorksOffline(t *testing.T) {
	f := newFinder(t)
	wheels := makeWheels(t, "libcudart.so.13")
	root, said, ok := f.run("PIP_FIND_LINKS=" + wheels)
	want := filepath.Join(f.cache, "trainer", "libtorch-2.15.0-cpu")
	if !ok || root != want {
		t.Fatalf("printed %q, want %q; said %q", root, want, said)
	}
	libs := []string{"libc10.so", "libcudart.so.13", "libgomp.so.1", "libtorch_cpu.so"}
	if got := names(t, filepath.Join(root, "lib")); !slices.Equal(got, libs) {
		t.Errorf("lib/ has %v, want %v", got, libs)
	}
	if got, want := names(t, root), []string{"build-version", "include", "lib"}; !slices.Equal(got, want) {
		t.Errorf("libtorch has %v, want %v", got, want)
	}
	if got := f.kept(t); !slices.Equal(got, []string{"libtorch-2.15.0-cpu"}) {
		t.Errorf("the cache has %v", got)
	}
	if again, said, ok := f.run(); !ok || again != root {
		t.Errorf("offline: printed %q, said %q", again, said)
	}
}

func TestCUDAIsFetchedWithItsLibrariesAndHeaders(t *testing.T) {
	f := newFinder(t)
	wheels := makeWheels(t, "libcudart.so.13")
	cpu, said, ok := f.run("PIP_FIND_LINKS=" + wheels)
	if !ok {
		t.Fatal(said)
	}
	f.args = []string{"cuda"}
	root, said, ok := f.run("PIP_FIND_LINKS=" + wheels)
	if want := filepath.Join(f.cache, "trainer", "libtorch-2.15.0-cuda"); !ok || root != want {
		t.Fatalf("printed %q, want %q; said %q", root, want, said)
	}
	libs := []string{"libc10.so", "libc10_cuda.so", "libcublas.so.13", "libcudart.so.13", "libcudnn.so.9", "libcudnn_ops.so.9",
		"libgomp.so.1", "libtorch_cpu.so", "libtorch_cuda.so"}
	if got := names(t, filepath.Join(root, "lib")); !slices.Equal(got, libs) {
		t.Errorf("lib/ has %v, want %v", got, libs)
	}
	headers := []string{"crt", "cublas_v2.h", "cuda_runtime_api.h"}
	if got := names(t, filepath.Join(root, "cuda", "include")); !slices.Equal(got, headers) {
		t.Errorf("cuda/include has %v, want %v", got, headers)
	}
	one, err := os.Stat(filepath.Join(cpu, "lib", "libtorch_cpu.so"))
	if err != nil {
		t.Fatal(err)
	}
	if two, err := os.Stat(filepath.Join(root, "lib", "libtorch_cpu.so")); err != nil || !os.SameFile(one, two) {
		t.Errorf("the CPU's library is there twice (%v)", err)
	}
	if err := os.RemoveAll(cpu); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"cuda", "cpu"} {
		f.args = []string{kind}
		if again, said, ok := f.run(); !ok || again != root {
			t.Errorf("%s, offline: printed %q, said %q", kind, again, said)
		}
	}
}

func TestFinderOfCUDAPassesOverWhatHasNone(t *testing.T) {
	dir := t.TempDir()
	given, installed := filepath.Join(dir, "given"), filepath.Join(dir, "site", "torch")
	writeTorch(t, given, "2.15.0+cu132")
	writeTorch(t, installed, "2.12.1+cu128")
	f := newFinder(t)
	f.args = []string{"cuda"}
	if root, said, ok := f.run("LIBTORCH=" + given); ok || root != "" || !strings.Contains(said, "has no lib/libtorch_cuda.so; set it to an unpacked libtorch, or unset it, or build with TAGS=cpu") {
		t.Errorf("LIBTORCH: printed %q, said %q", root, said)
	}
	for _, lib := range []string{"libtorch_cuda.so", "libc10_cuda.so"} {
		writeFile(t, filepath.Join(installed, "lib", lib), "")
		writeFile(t, filepath.Join(given, "lib", lib), "")
	}
	if root, said, ok := f.run("LIBTORCH=" + given); !ok || root != given {
		t.Errorf("LIBTORCH: printed %q, said %q", root, said)
	}
	if _, said, ok := f.run("PYTHONPATH=" + filepath.Join(dir, "site")); ok || !strings.Contains(said, "it is version 2.12.1+cu128, trainer's CUDA build needs CUDA 13") {
		t.Errorf("PyTorch with an older CUDA: said %q", said)
	}
}

func TestHeadersBesideAnInstalledPyTorchAreCompleted(t *testing.T) {
	site := t.TempDir()
	root := filepath.Join(site, "torch")
	writeTorch(t, root, "2.15.0+cu132")
	beside := filepath.Join(site, "nvidia", "cu13", "include")
	for _, h := range []string{"cuda_runtime_api.h", "nvrtc.h", "cublas_v2.h", "cusparse.h", "cusolverDn.h"} {
		writeFile(t, filepath.Join(beside, h), "")
	}
	f := newFinder(t)
	f.args = []string{"headers", root}
	if _, said, ok := f.run(); ok || !strings.Contains(said, "or set CUDA_HOME to a CUDA 13.2 toolkit") {
		t.Errorf("offline: said %q", said)
	}
	out, said, ok := f.run("PIP_FIND_LINKS=" + makeWheels(t, "libcudart.so.13"))
	fetched := filepath.Join(f.cache, "trainer", "cuda-headers-13.2")
	if !ok || out != beside+"\n"+fetched {
		t.Fatalf("printed %q, said %q", out, said)
	}
	if got := names(t, fetched); !slices.Equal(got, []string{"crt"}) {
		t.Errorf("fetched %v, want crt alone", got)
	}
}

func TestFetchThatFailsLeavesNothing(t *testing.T) {
	for _, c := range []struct{ name, wheels, said string }{
		{"offline", t.TempDir(), "pip could not get torch==2.15.0"},
		{"a library is missing", makeWheels(t, "libnowhere.so.1"), "does not load on this machine (OSError: libcudart.so.13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFinder(t)
			root, said, ok := f.run("PIP_FIND_LINKS=" + c.wheels)
			if ok || root != "" || !strings.Contains(said, c.said) {
				t.Errorf("printed %q (ended well: %v), said %q, want %q in it", root, ok, said, c.said)
			}
			if got := f.kept(t); len(got) > 0 {
				t.Errorf("the cache has %v", got)
			}
		})
	}
}

func TestFetchThatIsInterruptedLeavesNothing(t *testing.T) {
	fake := t.TempDir()
	writeTorch(t, filepath.Join(fake, "torch"), "2.9.1")
	writeFile(t, filepath.Join(fake, "pip", "__init__.py"), "")
	writeFile(t, filepath.Join(fake, "pip", "__main__.py"),
		"import pathlib, time\npathlib.Path(__file__).with_name('began').touch()\ntime.sleep(60)\n")
	f := newFinder(t, "PYTHONPATH="+fake)
	c := f.command()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if _, err := os.Stat(filepath.Join(fake, "pip", "began")); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := f.kept(t); len(got) != 1 || !strings.HasPrefix(got[0], "libtorch-2.15.0-cpu.tmp-") {
		t.Errorf("while it fetches, the cache has %v, want one temporary folder", got)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil || c.ProcessState.ExitCode() != 130 {
		t.Errorf("ended with %v, want exit status 130", err)
	}
	if got := f.kept(t); len(got) > 0 {
		t.Errorf("the cache has %v", got)
	}
}

func TestAFetchWithoutATerminalTellsHowMuchIsThere(t *testing.T) {
	const script = `import subprocess, sys, libtorch_fetch
child = "import sys, time; open('part', 'wb').write(bytes(3_000_000)); time.sleep(1); sys.exit('the end')"
pip = subprocess.Popen([sys.executable, "-c", child], stderr=subprocess.PIPE, text=True, cwd=sys.argv[1])
print(libtorch_fetch.watch(pip, sys.argv[1], print, every=0.3).strip())`
	out, err := exec.Command("python3", "-B", "-c", script, t.TempDir()).CombinedOutput()
	if text := string(out); err != nil || !strings.Contains(text, "3 MB so far\n") || !strings.HasSuffix(text, "\nthe end\n") {
		t.Errorf("%v: %s", err, text)
	}
}

// pip removes folders of its own while their size is being told.
func TestAFolderThatGoesWhileItIsMeasuredCountsNothing(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"kept", "gone"} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path, "file"), []byte("12345"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("python3", "-c", `
import os, sys
import libtorch_fetch
scandir = os.scandir
def late(path):
    if os.path.basename(path) == "gone":
        os.remove(os.path.join(path, "file"))
        os.rmdir(path)
    return scandir(path)
os.scandir = late
print(libtorch_fetch.size_of(sys.argv[1]))`, dir).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "5" {
		t.Errorf("%v: %s", err, got)
	}
}
