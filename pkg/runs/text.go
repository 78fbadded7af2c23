package runs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/track"
)

// Text writes a value of a run in full: numbers with all their digits, times as
// 2026-01-31T12:30:00Z, lists and sections as YAML has them in one line, [1, linear: 8] and
// {name: x, weight: 1}.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05Z")
	case time.Duration:
		return strconv.FormatFloat(v.Seconds(), 'f', 3, 64)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = Text(plain(item))
			if m, ok := item.(map[string]any); ok && len(m) == 1 {
				items[i] = items[i][1 : len(items[i])-1]
			}
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		items := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			items = append(items, key+": "+Text(plain(v[key])))
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// Short writes a value for a table: a metric with four digits, a size with its unit, a
// time in the local zone, - where there is none.
func (r *Run) Short(name string) string {
	v, ok := r.Value(name)
	if !ok {
		return "-"
	}
	switch v := v.(type) {
	case time.Time:
		return v.Local().Format("2006-01-02 15:04")
	case time.Duration:
		return track.Duration(v)
	case float64:
		switch {
		case name == "size":
			return Bytes(int64(v))
		case name == "epoch":
			return r.epochOf()
		case name == "best" || isMetric(r, name):
			return track.Number(v)
		}
	}
	return Text(v)
}

// epochOf is 3/20, or 3 where the plan is not known.
func (r *Run) epochOf() string {
	if planned := r.Planned(); planned > 0 {
		return fmt.Sprintf("%d/%d", r.Epoch, planned)
	}
	return strconv.FormatInt(r.Epoch, 10)
}

func isMetric(r *Run, name string) bool {
	_, ok := valueOf(r.Metrics, name)
	return ok
}

// Bytes writes a size with its decimal unit: 512 B, 36.7 kB, 1.2 GB.
func Bytes(n int64) string {
	x, unit := float64(n), "B"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if x < 999.95 {
			break
		}
		x, unit = x/1000, next
	}
	return fmt.Sprintf("%.1f %s", x, unit)
}
