package track

import "testing"

func TestGPUIsShownToAPerson(t *testing.T) {
	values := []Value{
		{"train/loss", 3}, {"system/gpu_0_utilization_percentage", 86.6}, {"system/gpu_0_memory_usage_megabytes", 20040},
		{"system/gpu_0_memory_usage_percentage", 25}, {"system/gpu_0_power_usage_watts", 349.8}, {"system/gpu_0_temperature_celsius", 61},
	}
	if got, want := gpuText(values), "GPU 87% 20.0 GB 350 W 61 °C"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := gpuText(values[:1]); got != "" {
		t.Errorf("without a GPU: %q", got)
	}
}
