package nvml

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotrainer/trainer/cgo"
)

// report is what a child process, which sees the libraries that a test made, prints.
func report() {
	m, err := Look()
	fmt.Printf("%+v %v\n", m, err)
	w, err := NewWatch(0, time.Millisecond)
	if err != nil {
		fmt.Println(err)
		return
	}
	time.Sleep(20 * time.Millisecond)
	fmt.Printf("%+v\n", w.Latest())
	w.Close()
	_, err = NewWatch(1, time.Second)
	fmt.Println(err)
}

func TestMain(m *testing.M) {
	if os.Getenv("NVML_TEST_CHILD") != "" {
		report()
		return
	}
	os.Exit(m.Run())
}

// child runs report in a process that finds the given libraries first.
func child(t *testing.T, libraries map[string]string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range libraries {
		source := filepath.Join(dir, name+".c")
		if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cc := exec.Command("cc", append(flags, "-shared", "-fPIC", "-o", filepath.Join(dir, name), source)...)
		if out, err := cc.CombinedOutput(); err != nil {
			t.Fatalf("cc: %v\n%s", err, out)
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "NVML_TEST_CHILD=1", "LD_LIBRARY_PATH="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// cpuOnly ends tests of what a build for the CPU only has not.
func cpuOnly(t *testing.T) {
	t.Helper()
	if err := cgo.OpenNVML(); err != nil && strings.Contains(err.Error(), "CPU only") {
		t.Skip("this is a build for the CPU only")
	}
}

func TestGPUsTellWhatTheyKnow(t *testing.T) {
	cpuOnly(t)
	got := child(t, map[string]string{"libnvidia-ml.so.1": fakeNVML, "libcuda.so.1": fakeCUDA}, "-DFAIL=0")
	want := "{Driver:580.65.06 CUDA:13.0 GPUs:[" +
		"{Name:Fake 0 ComputeCapability:9.0 Sample:{Utilization:40 MemoryUsed:1e+09 Memory:8e+10 Power:250.5 PowerLimit:700 Temperature:61}} " +
		"{Name:Fake 1 ComputeCapability:9.1 Sample:{Utilization:41 MemoryUsed:1e+09 Memory:8e+10 Power:-1 PowerLimit:700 Temperature:61}}]} <nil>\n" +
		"{Utilization:41 MemoryUsed:1e+09 Memory:8e+10 Power:-1 PowerLimit:700 Temperature:61}\n" +
		"nvml: it does not know cuda:1\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	cpuOnly(t)
	for _, c := range []struct {
		name, want string
		libraries  map[string]string
		flag       string
	}{
		{"a driver that is not loaded", "nvml: Driver Not Loaded", map[string]string{"libnvidia-ml.so.1": fakeNVML}, "-DFAIL=9"},
		{"an old library", "nvml: nvmlDeviceGetCount_v2", map[string]string{"libnvidia-ml.so.1": "int nvmlInit_v2(void) { return 0; }"}, "-DFAIL=0"},
		{"no CUDA driver", "nvml: it does not know cuda:0", map[string]string{"libnvidia-ml.so.1": fakeNVML, "libcuda.so.1": "int x;"}, "-DFAIL=0"},
	} {
		if got := child(t, c.libraries, c.flag); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestWithoutADriverOneSentenceSaysSo(t *testing.T) {
	if _, err := os.Stat("/proc/driver/nvidia"); err == nil {
		t.Skip("this machine has a driver")
	}
	if _, err := Look(); err == nil || !strings.HasPrefix(err.Error(), "nvml: ") {
		t.Errorf("err = %v", err)
	}
	if _, err := NewWatch(0, time.Second); err == nil {
		t.Error("a GPU is watched that is not there")
	}
}
