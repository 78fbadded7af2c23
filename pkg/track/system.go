package track

import (
	"fmt"
	"strings"
)

// systemPrefix begins the names of metrics of the machine, as MLflow names them.
const systemPrefix = "system/"

func isSystem(v Value) bool { return strings.HasPrefix(v.Name, systemPrefix) }

// gpuText shows the metrics of a GPU among values to a person: GPU 87% 20.0 GB 350 W
// 61 °C. It is empty where there are none.
func gpuText(values []Value) string {
	var parts []string
	for _, v := range values {
		_, name, ok := strings.Cut(strings.TrimPrefix(v.Name, systemPrefix+"gpu_"), "_")
		if !ok || !strings.HasPrefix(v.Name, systemPrefix+"gpu_") {
			continue
		}
		switch name {
		case "utilization_percentage":
			parts = append(parts, fmt.Sprintf("%.0f%%", v.Value))
		case "memory_usage_megabytes":
			parts = append(parts, fmt.Sprintf("%.1f GB", v.Value/1000))
		case "power_usage_watts":
			parts = append(parts, fmt.Sprintf("%.0f W", v.Value))
		case "temperature_celsius":
			parts = append(parts, fmt.Sprintf("%.0f °C", v.Value))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "GPU " + strings.Join(parts, " ")
}
