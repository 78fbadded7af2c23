package trainer

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
)

// gitLimit is how long the beginning of a run waits to be told the commit.
const gitLimit = 2 * time.Second

// header are the lines that make training.log readable alone, a year later.
func (s *session) header(run *experiment.Run) []string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	env := s.environment()
	epochs, steps := s.trainConfig().Length(s.parts.Order)
	t := &table{}
	t.add("run", fmt.Sprintf("%s (%s)", run.Final(), run.UUID()))
	t.add("command", strings.Join(os.Args, " "))
	t.add("trainer", fmt.Sprintf("%s, %s, libtorch %s, %s", version, runtime.Version(), s.engine.Version(), s.cudaText()))
	if text := s.gitText(); text != "" {
		t.add("git", text)
	}
	t.add("host", fmt.Sprintf("%s, %s, %d processors, CPU capability %v", host, env["os"], runtime.NumCPU(), env["cpu_capability"]))
	t.add("device", fmt.Sprintf("%s; %s", s.deviceName, s.why))
	t.add("threads", fmt.Sprintf("%d; training.threads: %d", s.engine.Threads(), s.cfg.Training.Threads))
	t.add("seed", fmt.Sprint(s.cfg.Experiment.Seed))
	t.add("data", fmt.Sprintf("%s, samples of shape %v%s%s", s.dataName(), s.data.Shape, spansText(s.data.Arrays), labelText(s.data)))
	t.add("splits", sizes(s.data))
	if text := augmentOf(s.cfg.Data).String(); text != "" {
		t.add("augment", text+", of the training split")
	}
	t.add("data hash", s.data.Fingerprint+" (SHA-256)")
	t.add("batches", fmt.Sprintf("of %d%s", s.cfg.Data.BatchSize, afterComma(s.batches)))
	t.add("plan", fmt.Sprintf("%d epochs, %d steps, %s, best by %s", epochs, steps, s.cfg.Training.Precision, s.monitor.Name))
	return append(strings.Split(t.String(), "\n"), s.parameterTable()...)
}

// parameterTable lists the trained tensors.
func (s *session) parameterTable() []string {
	rows, total := parameters(s.parts.Model)
	kind := s.cfg.Model.Type
	if v := s.cfg.Model.Variant; v != "" && v != kind {
		kind += " " + v
	}
	t := &table{right: map[int]bool{2: true}}
	for _, p := range rows {
		t.add("  "+p.Name, fmt.Sprint(p.Tensor.Shape()), fmt.Sprint(p.Tensor.Numel()))
	}
	t.add("  all", "", fmt.Sprint(total))
	return append([]string{"", fmt.Sprintf("model %s, %d parameters:", kind, total)}, strings.Split(t.String(), "\n")...)
}

func (s *session) cudaText() string {
	if s.cuda == "" {
		return "without CUDA"
	}
	return "CUDA " + s.cuda
}

// gitText is the commit of the folder that the command runs in; empty outside of a
// repository.
func (s *session) gitText() string {
	select {
	case g := <-s.git:
		return g.String()
	case <-time.After(gitLimit):
		return fmt.Sprintf("git did not answer within %s", gitLimit)
	}
}

// dataName is what the data are, with the place of their files.
func (s *session) dataName() string {
	d := s.cfg.Data
	name := d.Source
	for _, path := range []string{d.Path, d.Train, d.Val, d.Test, d.Experiment} {
		if path != "" {
			name += " " + path
		}
	}
	if s.data.Files > 1 {
		name += fmt.Sprintf(" (%d files)", s.data.Files)
	}
	return name
}

func labelText(d *dataset.Data) string {
	switch {
	case d.LabelShape == nil:
		return ", no labels"
	case len(d.ClassNames) > 0 && d.Classes > 0:
		return fmt.Sprintf(", labels of %d classes (%s)", d.Classes, strings.Join(d.ClassNames, ", "))
	case d.Classes > 0:
		return fmt.Sprintf(", labels of %d classes", d.Classes)
	}
	text := fmt.Sprintf(", labels of shape %v%s", d.LabelShape, spansText(d.Labels))
	if len(d.ClassNames) > 0 {
		text += ", classes " + strings.Join(d.ClassNames, ", ")
	}
	return text
}

func afterComma(text string) string {
	if text == "" {
		return ""
	}
	return ", " + text
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
