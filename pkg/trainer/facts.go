package trainer

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gotrainer/trainer/pkg/experiment"
)

// flatten gives the keys of an effective config as MLflow's parameters:
// training.optimizer.lr. References such as ${VAR} stay as they are. The mlflow section
// is about the report, not about the run.
func flatten(m map[string]any) map[string]string {
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key != "mlflow" && key != "tracking" {
			flattenInto(out, key, m[key])
		}
	}
	return out
}

func flattenInto(out map[string]string, path string, v any) {
	if m, ok := v.(map[string]any); ok && len(m) > 0 {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			flattenInto(out, path+"."+key, m[key])
		}
		return
	}
	switch v.(type) {
	case []any, map[string]any:
		text, err := json.Marshal(v)
		if err == nil {
			out[path] = string(text)
			return
		}
	case nil:
		out[path] = "null"
		return
	}
	out[path] = fmt.Sprint(v)
}

// tags describe the run in MLflow; the user's own win.
func (s *session) tags(run *experiment.Run, own map[string]string) map[string]string {
	host, _ := os.Hostname()
	dir, err := filepath.Abs(run.Final())
	if err != nil {
		dir = run.Final()
	}
	tags := map[string]string{
		"mlflow.source.name": "trainer", "mlflow.source.type": "LOCAL",
		"host": host, "device": s.parts.Device.String(), "threads": strconv.Itoa(s.engine.Threads()), "os": runtime.GOOS + "/" + runtime.GOARCH,
		"trainer": version, "libtorch": s.engine.Version(), "go": runtime.Version(),
		"model.type": s.cfg.Model.Type, "model.variant": s.cfg.Model.Variant,
		"data.hash": s.data.Fingerprint, "dir": dir, "command": strings.Join(os.Args, " "),
	}
	maps.Copy(tags, own)
	return tags
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}
