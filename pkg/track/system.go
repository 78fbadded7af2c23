package track

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// systemPrefix begins the names of metrics of the machine, as MLflow names them.
const systemPrefix = "system/"

func isSystem(v Value) bool { return strings.HasPrefix(v.Name, systemPrefix) }

// gpuText shows the metrics of a GPU among values to a person: its use and memory, GPU
// 87% 20.0 GB, and what it draws, 350 W 61 °C. They are empty where there are none.
func gpuText(values []Value) (use, power string) {
	var used, draws []string
	for _, v := range values {
		_, name, ok := strings.Cut(strings.TrimPrefix(v.Name, systemPrefix+"gpu_"), "_")
		if !ok || !strings.HasPrefix(v.Name, systemPrefix+"gpu_") {
			continue
		}
		switch name {
		case "utilization_percentage":
			used = append(used, fmt.Sprintf("%.0f%%", v.Value))
		case "memory_usage_megabytes":
			used = append(used, fmt.Sprintf("%.1f GB", v.Value/1000))
		case "power_usage_watts":
			draws = append(draws, fmt.Sprintf("%.0f W", v.Value))
		case "temperature_celsius":
			draws = append(draws, fmt.Sprintf("%.0f °C", v.Value))
		}
	}
	if len(used) > 0 {
		use = "GPU " + strings.Join(used, " ")
	}
	return use, strings.Join(draws, " ")
}

// ResidentMemory is the main memory that this process holds, in bytes; 0 where the
// system does not tell.
func ResidentMemory() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	var all, resident int64
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(string(text), &all, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}

// memory is the last answer about the memory held.
type memory struct {
	ask   func() int64 // bytes; nil = nobody knows
	bytes int64
	asked time.Time
}

// text is `RAM 1.2 GB`, asked again once a second; empty where it is not known.
func (m *memory) text(now time.Time) string {
	if m.ask == nil {
		return ""
	}
	if since := now.Sub(m.asked); since >= time.Second || since < 0 {
		m.bytes, m.asked = m.ask(), now
	}
	switch {
	case m.bytes <= 0:
		return ""
	case m.bytes < 999_500_000:
		return fmt.Sprintf("RAM %d MB", (m.bytes+500_000)/1_000_000)
	}
	return fmt.Sprintf("RAM %.1f GB", float64(m.bytes)/1e9)
}
