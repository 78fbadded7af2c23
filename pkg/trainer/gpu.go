package trainer

import (
	"fmt"
	"time"

	"github.com/gotrainer/trainer/pkg/nvml"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/track"
)

// gpuPeriod is how often the GPU is asked how it is.
const gpuPeriod = time.Second

// watchGPU reads the GPU of a run; nil on the CPU, or with a notice where it cannot be
// read.
func watchGPU(d torch.Device) (w *nvml.Watch, notice string) {
	if !d.IsCUDA() {
		return nil, ""
	}
	w, err := nvml.NewWatch(int(d), gpuPeriod)
	if err != nil {
		return nil, fmt.Sprintf("use, memory, power and temperature of the GPU are not recorded: %v", err)
	}
	return w, ""
}

// gpuValues are the metrics of a reading, by the names that MLflow shows as system
// metrics; what the GPU does not tell is left out.
func gpuValues(d torch.Device, s nvml.Sample) []track.Value {
	var values []track.Value
	add := func(name string, v float64, known ...float64) {
		for _, k := range append(known, v) {
			if k < 0 {
				return
			}
		}
		values = append(values, track.Value{Name: fmt.Sprintf("system/gpu_%d_%s", int(d), name), Value: v})
	}
	add("utilization_percentage", s.Utilization)
	add("memory_usage_megabytes", s.MemoryUsed/1e6)
	add("memory_usage_percentage", 100*s.MemoryUsed/s.Memory, s.MemoryUsed, s.Memory)
	add("power_usage_watts", s.Power)
	add("power_usage_percentage", 100*s.Power/s.PowerLimit, s.Power, s.PowerLimit)
	add("temperature_celsius", s.Temperature)
	return values
}
