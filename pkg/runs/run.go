package runs

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/track"
)

// Run is what is known of a run on disk.
type Run struct {
	Info   *experiment.Info
	Config map[string]any // the saved config, with references such as ${VAR} as text; nil where it cannot be read
	State  string         // running, finished, interrupted, failed, or empty where nobody knows
	Error  string         // why it failed

	Monitor   string  // the metric that decides, such as val/loss; empty where it is not known
	Max       bool    // larger is better
	Best      float64 // NaN where there is none
	BestEpoch int64   // 0 where it is not known
	Epoch     int64   // the last finished one
	Step      int64   // optimizer steps done; 0 where it is not known

	Metrics []track.Value // of the best epoch; where there is none, of the last
	Last    []track.Value // of the last epoch
	Started time.Time
	Ended   time.Time // the last sign of life
	Files   []experiment.Content
	Size    int64 // bytes
}

// Read reads the runs in and below the folders, in the order of their paths.
func Read(roots ...string) ([]*Run, error) {
	var infos []*experiment.Info
	seen := map[string]bool{}
	for _, root := range roots {
		found, err := experiment.List(root)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			if !seen[i.Dir] {
				seen[i.Dir] = true
				infos = append(infos, i)
			}
		}
	}
	out := make([]*Run, len(infos))
	next := make(chan int)
	var readers sync.WaitGroup
	for range min(len(infos), 2*runtime.GOMAXPROCS(0)) {
		readers.Go(func() {
			for i := range next {
				out[i] = Of(infos[i])
			}
		})
	}
	for i := range infos {
		next <- i
	}
	close(next)
	readers.Wait()
	return out, nil
}

// Of reads one run. What cannot be read is left empty.
func Of(info *experiment.Info) *Run {
	r := &Run{Info: info, State: info.Status, Error: info.Error, Best: math.NaN(), Started: info.Started, Ended: info.Heartbeat}
	r.Files, _ = experiment.Contents(info.Dir) // what could be listed counts
	r.Size = experiment.Size(r.Files)
	if text, err := os.ReadFile(r.Path("config.yaml")); err == nil {
		r.Config = parse(text)
	}
	epochs, err := readEpochs(r.Path("logs", "metrics.jsonl"))
	if err != nil || len(epochs) == 0 {
		r.fromCheckpoints()
	}
	r.monitor(epochs)
	r.epochs(epochs)
	if r.State == "" {
		r.State, r.Error = r.ending()
	}
	r.times()
	return r
}

func parse(text []byte) map[string]any {
	var m map[string]any
	if yaml.Unmarshal(text, &m) != nil {
		return nil
	}
	return m
}

// Path is the place of a file of the run.
func (r *Run) Path(elem ...string) string {
	return filepath.Join(append([]string{r.Info.Dir}, elem...)...)
}

// Dir is the directory that the run has, or, where it is staged, will have.
func (r *Run) Dir() string { return filepath.Join(filepath.Dir(r.Info.Dir), r.Info.Name) }

// fromCheckpoints fills in what the checkpoints say where there is no journal.
func (r *Run) fromCheckpoints() {
	dir := r.Path("checkpoints")
	if s, err := checkpoint.Summarize(filepath.Join(dir, checkpoint.BestName)); err == nil {
		r.Best, r.BestEpoch = s.MetricValue, s.Epoch
		r.fromSummary(s)
	}
	names, _ := checkpoint.Store{Dir: dir}.List() // no folder, no checkpoint
	for i := len(names) - 1; i >= 0; i-- {
		if strings.HasPrefix(names[i], "epoch_") || names[i] == checkpoint.LastName || names[i] == checkpoint.ResumeName {
			if s, err := checkpoint.Summarize(filepath.Join(dir, names[i])); err == nil {
				r.fromSummary(s)
			}
			if strings.HasPrefix(names[i], "epoch_") {
				break // those before it are older
			}
		}
	}
}

func (r *Run) fromSummary(s *checkpoint.Summary) {
	r.Epoch = max(r.Epoch, s.Epoch)
	if r.Config == nil {
		r.Config, _ = checkpoint.ToGo(s.Config).(map[string]any)
	}
}

// monitor finds the metric that decides: that of the config, or, as in training, the
// train loss where there is no validation split.
func (r *Run) monitor(epochs []track.Event) {
	r.Monitor, _ = r.Config["monitor"].(string)
	if section, ok := r.Config["checkpoint"].(map[string]any); ok {
		r.Monitor, _ = section["monitor"].(string)
		r.Max = section["mode"] == "max"
	}
	if len(epochs) == 0 {
		return
	}
	names := epochs[len(epochs)-1].Values
	if r.Monitor == "" {
		r.Monitor = "val/loss"
	}
	if _, ok := valueOf(names, r.Monitor); !ok {
		r.Monitor, r.Max = "train/loss", false
	}
}

// epochs fills in what the journal says.
func (r *Run) epochs(epochs []track.Event) {
	for _, e := range epochs {
		r.Epoch, r.Step, r.Last = max(r.Epoch, e.Epoch), e.Step, e.Values
		v, ok := valueOf(e.Values, r.Monitor)
		if ok && !math.IsNaN(v) && (math.IsNaN(r.Best) || r.Max && v > r.Best || !r.Max && v < r.Best) {
			r.Best, r.BestEpoch, r.Metrics = v, e.Epoch, e.Values
		}
	}
	if r.Metrics == nil {
		r.Metrics = r.Last
	}
	if n := len(epochs); n > 0 {
		if first := epochs[0].Time; r.Started.IsZero() || first.Before(r.Started) {
			r.Started = first
		}
		if last := epochs[n-1].Time; last.After(r.Ended) {
			r.Ended = last
		}
	}
}

// times falls back on the files' times where nothing else is known.
func (r *Run) times() {
	noStart, noEnd := r.Started.IsZero(), r.Ended.IsZero()
	for _, f := range r.Files {
		folder := filepath.Dir(f.Path)
		if folder != "checkpoints" && folder != "logs" && f.Path != "config.yaml" {
			continue
		}
		if noStart && (r.Started.IsZero() || f.ModTime.Before(r.Started)) {
			r.Started = f.ModTime
		}
		if noEnd && f.ModTime.After(r.Ended) {
			r.Ended = f.ModTime
		}
	}
}

// Took is the time between the first and the last sign of life, pauses included.
func (r *Run) Took() time.Duration {
	if r.Started.IsZero() || r.Ended.Before(r.Started) {
		return 0
	}
	return r.Ended.Sub(r.Started)
}

func valueOf(values []track.Value, name string) (float64, bool) {
	for _, v := range values {
		if v.Name == name {
			return v.Value, true
		}
	}
	return 0, false
}
