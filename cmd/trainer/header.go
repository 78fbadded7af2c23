package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
)

// header are the lines that make training.log readable alone, a year later.
func (s *session) header(run *experiment.Run) []string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	env := s.environment()
	lines := []string{
		fmt.Sprintf("run         %s (%s)", run.Final(), run.UUID()),
		fmt.Sprintf("trainer     %s, libtorch %s", version, s.engine.Version()),
		fmt.Sprintf("host        %s, %s, CPU capability %v", host, env["os"], env["cpu_capability"]),
		fmt.Sprintf("device      %s, %d threads", s.parts.Device, s.engine.Threads()),
		fmt.Sprintf("seed        %d", s.cfg.Experiment.Seed),
		fmt.Sprintf("data        %s, samples of shape %v, %s", s.cfg.Data.Source, s.data.Shape, sizes(s.data)),
		fmt.Sprintf("data hash   %s", s.data.Fingerprint),
	}
	if s.batches != "" {
		lines = append(lines, "batches     "+s.batches)
	}
	rows, total := parameters(s.parts.Model)
	lines = append(lines, fmt.Sprintf("model       %s %s, %d parameters:", s.cfg.Model.Type, s.cfg.Model.Variant, total))
	for _, p := range rows {
		lines = append(lines, fmt.Sprintf("  %-28s %v", p.Name, p.Tensor.Shape()))
	}
	return lines
}

func sizes(d *dataset.Data) string {
	parts := []string{fmt.Sprintf("%d train", d.Train.Len())}
	if d.Val != nil {
		parts = append(parts, fmt.Sprintf("%d val", d.Val.Len()))
	}
	if d.Test != nil {
		parts = append(parts, fmt.Sprintf("%d test", d.Test.Len()))
	}
	return strings.Join(parts, ", ")
}
