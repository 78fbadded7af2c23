package trainer

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/track"
)

// runFrontier shows what sparse autoencoders pay for what they explain: L0 beside FVU, of
// every SAE in and below the folders.
func runFrontier(ctx context.Context, out *console, dirs []string, png string) error {
	if !isDir(filepath.Dir(png)) {
		return mistakef("--png %s: the folder %s does not exist", png, filepath.Dir(png))
	}
	found, err := runs.Read(dirs...)
	if err != nil {
		return err
	}
	saes := slices.DeleteFunc(found, func(r *runs.Run) bool { return r.Type() != "sae" })
	if len(saes) == 0 {
		return mistakef("--frontier: there is no run of type sae in or below %s", strings.Join(dirs, ", "))
	}
	f := frontier{labels: runs.Labels(saes)}
	for i, r := range saes {
		p, err := placeOf(ctx, out, r)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			out.note(fmt.Sprintf("%s is left out: %v", r.Dir(), err))
			continue
		}
		p.Name = f.labels[i]
		f.places = append(f.places, p)
	}
	if len(f.places) == 0 {
		return mistakef("--frontier: none of %d runs could be evaluated", len(saes))
	}
	f.mark()
	if note := differentData(saes); note != "" {
		out.note(note)
	}
	picture, err := report.PNG(f.chart())
	if err != nil {
		return err
	}
	if err := unwritable(atomicfile.WriteFile(png, picture)); err != nil {
		return err
	}
	out.info("wrote %s", png)
	return out.result(map[string]any{"png": png, "runs": f.places}, f.text())
}

// place is where a run lies on the plane of the frontier.
type place struct {
	Name      string   `json:"name"`
	Dir       string   `json:"dir"`
	Variant   string   `json:"variant"`
	Split     string   `json:"split"`
	L0        float64  `json:"l0"`
	FVU       float64  `json:"fvu"`
	Dead      float64  `json:"dead"`
	Recovered *float64 `json:"recovered"` // null where the true dictionary is not known
	Pareto    bool     `json:"pareto"`    // no other run has both a lower L0 and a lower FVU
}

// placeOf reads a run's evaluation, and evaluates it where there is none of its checkpoint
// as it is now.
func placeOf(ctx context.Context, out *console, r *runs.Run) (place, error) {
	weights, _, err := checkpoint.Resolve(r.Path("checkpoints"), "best")
	if err != nil {
		return place{}, err
	}
	trained, err := os.Stat(weights)
	if err != nil {
		return place{}, err
	}
	if p, err := savedPlace(r, weights, trained.ModTime()); err == nil {
		return p, nil
	}
	dir := r.Info.Dir
	cfg, _, err := config.ParseInfer(dir, targetConfig(dir), config.Options{})
	if err != nil {
		return place{}, err
	}
	t, err := openTrained(cfg.Experiment.OutputDir, cfg.Experiment.Name, cfg.Checkpoint)
	if err != nil {
		return place{}, err
	}
	out.info("evaluating %s", r.Dir())
	silent := *out
	silent.quiet = true
	e := &evaluation{inferRun: inferRun{console: &silent, cfg: cfg, trained: t}, limits: limits{quick: true}}
	if err := e.evaluate(ctx); err != nil {
		return place{}, err
	}
	return savedPlace(r, weights, time.Time{})
}

// savedPlace is that of the evaluation of these weights on the test split, or on the next
// best one, where it is not older than since.
func savedPlace(r *runs.Run, weights string, since time.Time) (p place, err error) {
	for _, split := range []string{"test", "val", "train"} {
		path := r.Path("evaluation", split+"_evaluation.json")
		file, err := os.Stat(path)
		if err != nil || file.ModTime().Before(since) {
			continue
		}
		saved, err := readEvaluation(path)
		if err != nil || filepath.Base(saved.Checkpoint) != filepath.Base(weights) {
			continue
		}
		variant, _ := r.Value("variant")
		p = place{Dir: r.Dir(), Variant: fmt.Sprint(variant), Split: split}
		var ok [2]bool
		p.L0, ok[0] = saved.Metrics["l0"].(float64)
		p.FVU, ok[1] = saved.Metrics["fvu"].(float64)
		if !ok[0] || !ok[1] {
			return p, fmt.Errorf("%s has no numbers l0 and fvu", path)
		}
		p.Dead, _ = saved.Metrics["dead"].(float64)
		if v, ok := saved.Metrics["recovered"].(float64); ok {
			p.Recovered = &v
		}
		return p, nil
	}
	return p, fmt.Errorf("%s is not evaluated", r.Dir())
}

// differentData warns where runs saw other data, so that their numbers do not compare.
func differentData(list []*runs.Run) string {
	var keys []string
	for _, d := range runs.Differences(list) {
		if strings.HasPrefix(d.Key, "data.") && d.Key != "data.batch_size" && d.Key != "data.in_memory" {
			keys = append(keys, d.Key)
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return fmt.Sprintf("the runs differ in %s: L0 and FVU of other data do not compare", strings.Join(keys, ", "))
}

// frontier is the runs by their L0.
type frontier struct {
	labels []string
	places []place
}

// mark sorts the runs and finds those that no other one beats in both.
func (f *frontier) mark() {
	slices.SortStableFunc(f.places, func(a, b place) int { return cmp.Or(cmp.Compare(a.L0, b.L0), cmp.Compare(a.FVU, b.FVU)) })
	for i, p := range f.places {
		f.places[i].Pareto = !slices.ContainsFunc(f.places[:i], func(q place) bool { return q.FVU <= p.FVU })
	}
}

func (f *frontier) chart() report.Scatter {
	chart := report.Scatter{Title: "L0 and FVU of sparse autoencoders", X: "L0: active latents of a sample", Y: "FVU: variance unexplained", LogX: true}
	at := map[string]int{}
	for _, p := range f.places {
		i, known := at[p.Variant]
		if !known {
			i = len(chart.Groups)
			at[p.Variant] = i
			chart.Groups = append(chart.Groups, report.Group{Name: p.Variant})
		}
		point := report.Point{X: p.L0, Y: p.FVU}
		chart.Groups[i].Points = append(chart.Groups[i].Points, point)
		if p.Pareto {
			chart.Line = append(chart.Line, point)
		}
	}
	return chart
}

func (f *frontier) text() string {
	t := &table{right: map[int]bool{3: true, 4: true, 5: true, 6: true}}
	t.add("run", "variant", "split", "L0", "FVU", "dead", "recovered", "frontier")
	for _, p := range f.places {
		recovered, mark := "-", ""
		if p.Recovered != nil {
			recovered = track.Number(*p.Recovered)
		}
		if p.Pareto {
			mark = "*"
		}
		t.add(p.Name, p.Variant, p.Split, track.Number(p.L0), track.Number(p.FVU), track.Number(p.Dead), recovered, mark)
	}
	return t.String()
}
