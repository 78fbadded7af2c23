package track

import (
	"bytes"
	"runtime"
	"testing"
	"time"
)

func TestGPUIsShownToAPerson(t *testing.T) {
	values := []Value{
		{"train/loss", 3}, {"system/gpu_0_utilization_percentage", 86.6}, {"system/gpu_0_memory_usage_megabytes", 20040},
		{"system/gpu_0_memory_usage_percentage", 25}, {"system/gpu_0_power_usage_watts", 349.8}, {"system/gpu_0_temperature_celsius", 61},
	}
	if use, power := gpuText(values); use != "GPU 87% 20.0 GB" || power != "350 W 61 °C" {
		t.Errorf("got %q and %q", use, power)
	}
	if use, power := gpuText(values[:1]); use != "" || power != "" {
		t.Errorf("without a GPU: %q and %q", use, power)
	}
}

func TestMemoryIsAskedOnceASecond(t *testing.T) {
	asked := 0
	c := &clock{noon()}
	m := memory{ask: func() int64 { asked++; return int64(asked) * 600_000_000 }}
	for _, want := range []string{"RAM 600 MB", "RAM 600 MB", "RAM 1.2 GB"} {
		if got := m.text(c.now()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		c.pass(600 * time.Millisecond)
	}
	if asked != 2 {
		t.Errorf("asked %d times in 1.2 s", asked)
	}
	none := memory{}
	if got := none.text(c.now()); got != "" {
		t.Errorf("nobody knows, but %q", got)
	}
}

func TestResidentMemoryGrowsWithWhatIsHeld(t *testing.T) {
	before := ResidentMemory()
	if before < 1<<20 {
		t.Fatalf("this process holds %d bytes", before)
	}
	held := bytes.Repeat([]byte{1}, 64<<20)
	if grown := ResidentMemory() - before; grown < 48<<20 {
		t.Errorf("64 MB more are held, and the answer grew by %d bytes", grown)
	}
	runtime.KeepAlive(held)
}
