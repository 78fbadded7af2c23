package trainer

import (
	"os"
	"strings"
	"testing"
)

func TestProfileNamesTheSlowestOps(t *testing.T) {
	s := newTorchSite(t)
	s.train("training.profile=3")
	table, err := os.ReadFile("runs/a/logs/profile.txt")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(table), "\n"); lines != 5 || !strings.Contains(string(table), "aten::") {
		t.Errorf("%d lines, want 5 with the names of ops:\n%s", lines, table)
	}
	trace, err := os.ReadFile("runs/a/logs/trace.json")
	if err != nil || !strings.Contains(string(trace), `"traceEvents"`) {
		t.Errorf("trace.json: %v", err)
	}
}
