package trainer

import (
	"fmt"
	"testing"

	"github.com/gotrainer/trainer/pkg/nvml"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestGPUMetricsHaveMLflowsNamesAndLeaveOutWhatIsNotKnown(t *testing.T) {
	full := gpuValues(torch.CUDA(1), nvml.Sample{Utilization: 87, MemoryUsed: 20e9, Memory: 80e9, Power: 350, PowerLimit: 700, Temperature: 61})
	want := "[{system/gpu_1_utilization_percentage 87} {system/gpu_1_memory_usage_megabytes 20000} {system/gpu_1_memory_usage_percentage 25} " +
		"{system/gpu_1_power_usage_watts 350} {system/gpu_1_power_usage_percentage 50} {system/gpu_1_temperature_celsius 61}]"
	if fmt.Sprint(full) != want {
		t.Errorf("got  %v\nwant %s", full, want)
	}
	part := gpuValues(torch.CUDA(0), nvml.Sample{Utilization: 3, MemoryUsed: -1, Memory: -1, Power: -1, PowerLimit: 700, Temperature: -1})
	if got := fmt.Sprint(part); got != "[{system/gpu_0_utilization_percentage 3}]" {
		t.Errorf("got %s", got)
	}
}

func TestOnTheCPUNoGPUIsWatched(t *testing.T) {
	if w, notice := watchGPU(torch.CPU); w != nil || notice != "" {
		t.Errorf("%v, %q", w, notice)
	}
}
