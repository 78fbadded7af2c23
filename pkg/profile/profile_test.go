package profile

import (
	"strings"
	"testing"
	"time"
)

const trace = `{"schemaVersion": 1, "traceEvents": [
 {"ph": "M", "name": "process_name", "pid": 1, "tid": 0, "ts": 1},
 {"ph": "X", "cat": "cpu_op", "name": "aten::linear", "pid": 1, "tid": 1, "ts": 100, "dur": 50},
 {"ph": "X", "cat": "cpu_op", "name": "aten::addmm", "pid": 1, "tid": 1, "ts": 110, "dur": 30},
 {"ph": "X", "cat": "cpu_op", "name": "aten::addmm", "pid": 1, "tid": 1, "ts": 200, "dur": 10},
 {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 2, "ts": 105, "dur": 35},
 {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": 120, "dur": 5},
 {"ph": "X", "cat": "kernel", "name": "gemm", "pid": 0, "tid": "stream 7", "ts": 190, "dur": 60},
 {"ph": "X", "cat": "gpu_memcpy", "name": "Memcpy HtoD", "pid": 0, "tid": 7, "ts": 180, "dur": 2}
]}`

func TestSelfTimeLeavesOutWhatAnOpCalled(t *testing.T) {
	p, err := Read(strings.NewReader(trace))
	if err != nil {
		t.Fatal(err)
	}
	want := []Cost{
		{"aten::addmm", 2, 40 * time.Microsecond, 40 * time.Microsecond},
		{"aten::mm", 1, 35 * time.Microsecond, 35 * time.Microsecond},
		{"aten::linear", 1, 20 * time.Microsecond, 50 * time.Microsecond},
	}
	if len(p.Ops) != len(want) {
		t.Fatalf("ops %v", p.Ops)
	}
	for i, c := range p.Ops {
		if c != want[i] {
			t.Errorf("op %d is %v, want %v", i, c, want[i])
		}
	}
	if len(p.Kernels) != 2 || p.Kernels[0] != (Cost{"gemm", 1, 60 * time.Microsecond, 60 * time.Microsecond}) {
		t.Errorf("kernels %v", p.Kernels)
	}
	if p.Wall != 150*time.Microsecond {
		t.Errorf("wall %v, want 150 µs", p.Wall)
	}
}

func TestTableIsOfOneStepAndHasTheDearestFirst(t *testing.T) {
	p, err := Read(strings.NewReader(trace))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2 steps, 0.075 ms each",
		"op on the CPU                                          self    share      total    calls",
		"aten::addmm                                        0.020 ms    42.1%   0.020 ms        1",
		"",
		"kernel on the GPU                                      self    share      total    calls",
		"gemm                                               0.030 ms    96.8%   0.030 ms      0.5",
	}
	if got := p.Table(1, 2); got != strings.Join(want, "\n")+"\n" {
		t.Errorf("got\n%s", got)
	}
}

func TestDamagedTraceIsAnError(t *testing.T) {
	if _, err := Read(strings.NewReader(trace[:200])); err == nil {
		t.Error("half a trace was read")
	}
}
