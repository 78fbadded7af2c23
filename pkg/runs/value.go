package runs

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/track"
)

// Columns are the names of what every run has, beside the keys of its config and its
// metrics.
var Columns = []string{"type", "name", "state", "best", "epoch", "time", "size", "dir", "variant", "monitor", "best_epoch", "step", "started", "ended"}

// Type is model.type, or, where the config does not say it, the folder of the runs.
func (r *Run) Type() string {
	if t, ok := r.setting("model.type"); ok {
		return fmt.Sprint(t)
	}
	base, err := filepath.Abs(filepath.Dir(r.Info.Dir))
	if err != nil {
		return ""
	}
	return filepath.Base(base)
}

// Value is what a run has under a name: a column, a dotted key of the config, or a
// metric, of the best epoch. It is text, a number (float64), a bool, a time.Time, a
// time.Duration, or a list or section of the config; ok is false where the run has none.
func (r *Run) Value(name string) (v any, ok bool) {
	if v, is := r.column(name); is {
		return v, v != nil
	}
	if v, ok := r.setting(name); ok {
		return plain(v), true
	}
	if x, ok := valueOf(r.Metrics, name); ok {
		return x, true
	}
	return nil, false
}

// column is the value of one of Columns; nil where it is not known.
func (r *Run) column(name string) (v any, is bool) {
	switch name {
	case "type":
		return text(r.Type()), true
	case "name":
		return r.Info.Name, true
	case "state":
		return text(r.State), true
	case "best":
		if math.IsNaN(r.Best) {
			return nil, true
		}
		return r.Best, true
	case "epoch":
		return float64(r.Epoch), true
	case "best_epoch":
		return positive(r.BestEpoch), true
	case "step":
		return positive(r.Step), true
	case "time":
		return r.Took(), true
	case "size":
		return float64(r.Size), true
	case "dir":
		return r.Dir(), true
	case "monitor":
		return text(r.Monitor), true
	case "started":
		return instant(r.Started), true
	case "ended":
		return instant(r.Ended), true
	case "variant":
		if v, ok := r.setting("model.variant"); ok {
			return fmt.Sprint(v), true
		}
		return nil, true
	}
	return nil, false
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func positive(n int64) any {
	if n == 0 {
		return nil
	}
	return float64(n)
}

func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// setting is the value of a dotted key of the config.
func (r *Run) setting(key string) (any, bool) {
	var v any = r.Config
	for part := range strings.SplitSeq(key, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[part]; !ok {
			return nil, false
		}
	}
	return v, true
}

// plain makes all numbers float64.
func plain(v any) any {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case uint64:
		return float64(n)
	}
	return v
}

// Settings flattens the config into dotted keys, sorted within each section; a list is
// one value.
func (r *Run) Settings() []Setting { return flatten(nil, "", r.Config) }

// Setting is a key of a config with its value.
type Setting struct {
	Key   string
	Value any
}

func flatten(out []Setting, prefix string, m map[string]any) []Setting {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if inner, ok := m[k].(map[string]any); ok {
			out = flatten(out, prefix+k+".", inner)
			continue
		}
		out = append(out, Setting{prefix + k, m[k]})
	}
	return out
}

// Known lists every name that Value answers for one of the runs, in a fixed order.
func Known(list []*Run) []string {
	names := slices.Clone(Columns)
	for _, r := range list {
		for _, s := range r.Settings() {
			names = append(names, s.Key)
		}
	}
	slices.Sort(names[len(Columns):])
	names = append(names, MetricNames(list)...)
	return slices.Compact(names)
}

// MetricNames are the metrics of the runs, in the order in which they first come.
func MetricNames(list []*Run) []string {
	var names []string
	seen := map[string]bool{}
	for _, r := range list {
		for _, values := range [][]track.Value{r.Metrics, r.Last} {
			for _, v := range values {
				if !seen[v.Name] {
					seen[v.Name] = true
					names = append(names, v.Name)
				}
			}
		}
	}
	return names
}
