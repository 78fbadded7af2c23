package trainer

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/track"
)

func showCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "all about one run", ArgsUsage: "DIR",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			dir, err := target(c)
			if err != nil {
				return err
			}
			return runShow(c.Context, newConsole(c), dir)
		},
	}
}

// shownRun is what show tells.
type shownRun struct {
	runEntry
	Parameters int64          `json:"parameters,omitempty"` // numbers in the model
	Chosen     []chosen       `json:"chosen"`               // keys of the config that are not the default
	Last       map[string]any `json:"last_metrics"`
	Files      []fileEntry    `json:"files"`
	Ending     string         `json:"ending,omitempty"` // the last line of its log
	Next       string         `json:"next"`

	run    *runs.Run
	config string // why its config cannot be told
}

type chosen struct {
	Key     string `json:"key"`
	Value   any    `json:"value"`
	Default any    `json:"default"`
}

type fileEntry struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	About string `json:"about,omitempty"`
}

func runShow(ctx context.Context, out *console, dir string) error {
	info, err := experiment.Find(dir)
	if err != nil {
		return err
	}
	settleKilled(ctx, out, info.Dir)
	noteKilled(info)
	s := showing(runs.Of(info))
	return out.result(s, s.text())
}

func showing(r *runs.Run) *shownRun {
	s := &shownRun{runEntry: entryOf(r, nil), run: r, Chosen: []chosen{}, Files: []fileEntry{}, Last: map[string]any{}, Ending: r.LogEnd(), Next: nextCommand(r)}
	for _, v := range r.Last {
		s.Last[v.Name] = number(v.Value)
	}
	s.choices()
	for _, f := range r.Files {
		s.Files = append(s.Files, fileEntry{f.Path, f.Size, s.about(f)})
	}
	return s
}

// choices are the keys of the config that are not the default.
func (s *shownRun) choices() {
	path := s.run.Path("config.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		s.config = "there is no config.yaml"
		return
	}
	found, err := config.Choices(path, text, config.Options{Models: models()})
	if err != nil {
		s.config = "config.yaml is not one of this trainer; all of it:"
		for _, setting := range s.run.Settings() {
			s.Chosen = append(s.Chosen, chosen{setting.Key, setting.Value, nil})
		}
		return
	}
	for _, c := range found {
		if !strings.HasPrefix(c.Key, "experiment.") || c.Key == "experiment.seed" {
			s.Chosen = append(s.Chosen, chosen{c.Key, c.Value, c.Default})
		}
	}
}

// about says what a file is, where its name does not.
func (s *shownRun) about(f experiment.Content) string {
	if f.Shared {
		return "the same file as one above"
	}
	if filepath.Dir(f.Path) != "checkpoints" || filepath.Ext(f.Path) != ".pt" {
		return ""
	}
	sum, err := checkpoint.Summarize(s.run.Path(f.Path))
	if err != nil {
		return "not readable; `trainer inspect` tells why"
	}
	s.Parameters = sum.Parameters
	return fmt.Sprintf("epoch %d, metric %s", sum.Epoch, track.Number(sum.MetricValue))
}

// nextCommand is what one would type next.
func nextCommand(r *runs.Run) string {
	dir := r.Dir()
	switch {
	case r.State == experiment.Running:
		return "tail -f " + filepath.Join(dir, "logs", "training.log")
	case r.State == experiment.Interrupted && hasFile(r, "checkpoints/"):
		return "trainer resume " + dir
	case (r.State == experiment.Failed || r.State == experiment.Interrupted) && r.Config != nil:
		return "trainer train " + filepath.Join(dir, "config.yaml")
	case !hasFile(r, "embeddings/") && !hasFile(r, "predictions/"):
		return afterTraining(r.Type(), dir)
	case !hasFile(r, "predictions/"):
		return "trainer predict " + dir
	}
	return "trainer archive " + dir
}

func hasFile(r *runs.Run, folder string) bool {
	for _, f := range r.Files {
		if strings.HasPrefix(f.Path, folder) {
			return true
		}
	}
	return false
}

func (s *shownRun) text() string {
	parts := []string{s.head(), s.configText(), s.metricsText(), s.filesText(), "next: " + s.Next}
	return strings.Join(parts, "\n\n")
}

// head is how the run stands.
func (s *shownRun) head() string {
	r := s.run
	t := &table{}
	kind := s.Type
	if s.Variant != nil && s.Variant != s.Type {
		kind += fmt.Sprintf(" (%v)", s.Variant)
	}
	if s.Parameters > 0 {
		kind += fmt.Sprintf(", %d parameters", s.Parameters)
	}
	t.add("run", s.Dir)
	t.add("model", kind)
	state := r.Short("state")
	switch {
	case s.Error != "":
		state += ": " + s.Error
	case r.State == experiment.Running:
		state += fmt.Sprintf(": process %d on %s, last sign of life %s", r.Info.PID, r.Info.Host, r.Short("ended"))
	case strings.HasPrefix(s.Ending, state):
		state = s.Ending
	case s.Ending != "":
		state += ": " + s.Ending
	}
	t.add("state", state)
	if !math.IsNaN(r.Best) {
		t.add("best", strings.TrimSpace(r.Monitor+" "+track.Number(r.Best))+fmt.Sprintf(" at epoch %d", r.BestEpoch))
	}
	t.add("epoch", r.Short("epoch"))
	t.add("started", fmt.Sprintf("%s, took %s", r.Short("started"), track.Duration(r.Took())))
	return t.String()
}

func (s *shownRun) configText() string {
	if s.config != "" && len(s.Chosen) == 0 {
		return "config: " + s.config
	}
	t := &table{}
	title := "config, where it is not the default:"
	if s.config != "" {
		title = "config: " + s.config
	}
	for _, c := range s.Chosen {
		def := ""
		if c.Default != nil {
			def = "default " + runs.Text(c.Default)
		}
		t.add("  "+c.Key, runs.Text(c.Value), def)
	}
	return title + "\n" + t.String()
}

func (s *shownRun) metricsText() string {
	if len(s.run.Metrics) == 0 {
		return "metrics: none; logs/metrics.jsonl is not there"
	}
	t := &table{right: map[int]bool{1: true, 2: true}}
	t.add("metric", fmt.Sprintf("best (epoch %d)", s.run.BestEpoch), fmt.Sprintf("last (epoch %d)", s.run.Epoch))
	for _, name := range runs.MetricNames([]*runs.Run{s.run}) {
		t.add("  "+name, metricText(s.run.Metrics, name), metricText(s.run.Last, name))
	}
	return t.String()
}

func metricText(values []track.Value, name string) string {
	for _, v := range values {
		if v.Name == name {
			if name == "lr" {
				return track.Short(v.Value)
			}
			return track.Number(v.Value)
		}
	}
	return "-"
}

func (s *shownRun) filesText() string {
	t := &table{right: map[int]bool{1: true}}
	for _, f := range s.Files {
		t.add("  "+f.Path, runs.Bytes(f.Size), f.About)
	}
	return "files, " + runs.Bytes(s.Size) + ":\n" + t.String()
}
