package runs

import (
	"maps"
	"math"
	"slices"
)

// Difference is a key of the config that is not the same in all runs.
type Difference struct {
	Key    string
	Values []any // one for each run; nil where it has none
}

// Differences lists the keys in which the configs of the runs differ, sorted. The name
// and the place of a run always do, and are left out.
func Differences(list []*Run) []Difference {
	values := map[string][]any{}
	for i, r := range list {
		for _, s := range r.Settings() {
			if values[s.Key] == nil {
				values[s.Key] = make([]any, len(list))
			}
			values[s.Key][i] = plain(s.Value)
		}
	}
	var out []Difference
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key == "experiment.name" || key == "experiment.output_dir" {
			continue
		}
		first := Text(values[key][0])
		if slices.ContainsFunc(values[key], func(v any) bool { return Text(v) != first }) {
			out = append(out, Difference{key, values[key]})
		}
	}
	return out
}

// Labels are short names that tell the runs apart: their own where no two have the same,
// else their directories.
func Labels(list []*Run) []string {
	out := make([]string, len(list))
	seen := map[string]bool{}
	for i, r := range list {
		out[i] = r.Info.Name
		seen[r.Info.Name] = true
	}
	if len(seen) < len(list) {
		for i, r := range list {
			out[i] = r.Dir()
		}
	}
	return out
}

// Winner is the index of the run with the best monitored metric; -1 where the runs do
// not share one, or none has a value.
func Winner(list []*Run) int {
	best := -1
	for i, r := range list {
		if r.Monitor != list[0].Monitor || r.Max != list[0].Max {
			return -1
		}
		if math.IsNaN(r.Best) {
			continue
		}
		if best < 0 || r.Max && r.Best > list[best].Best || !r.Max && r.Best < list[best].Best {
			best = i
		}
	}
	return best
}
