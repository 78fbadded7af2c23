package trainer

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/track"
)

// curves are the charts of a run's metrics, learning rate and timing; best is the best
// epoch, 0 where there is none.
func curves(events []track.Event, best int64) []report.Section {
	var metrics, machine report.Section
	metrics.Title, metrics.About = "Metrics", "Means over an epoch."
	if best > 0 {
		metrics.About = fmt.Sprintf("Means over an epoch; the dot marks epoch %d, the best epoch.", best)
	}
	machine.Title = "Learning rate and time"
	for _, name := range metricNames(events) {
		chart := report.Chart{Title: strings.ReplaceAll(name, "_", " "), X: "epoch", Y: unit(name), LogY: name == "loss" || name == "recon", Legend: true}
		for color, split := range []string{"train", "val"} {
			s := report.Series{Name: split, Color: color}
			for _, e := range events {
				v, ok := value(e, split+"/"+name)
				if !ok || e.Kind != track.KindEpoch {
					continue
				}
				s.Points = append(s.Points, report.Point{X: float64(e.Epoch), Y: v})
				if e.Epoch == best {
					s.Mark = &report.Point{X: float64(e.Epoch), Y: v}
				}
			}
			if len(s.Points) > 0 {
				chart.Series = append(chart.Series, s)
			}
		}
		metrics.Figures = append(metrics.Figures, chart)
	}
	machine.Figures = append(machine.Figures, rate(events)...)
	machine.Figures = append(machine.Figures, epochTimes(events)...)
	var sections []report.Section
	for _, s := range []report.Section{metrics, machine} {
		if len(s.Figures) > 0 {
			sections = append(sections, s)
		}
	}
	return sections
}

// metricNames are the metrics of epochs without their split, in their order.
func metricNames(events []track.Event) []string {
	var names []string
	seen := map[string]bool{}
	for _, e := range events {
		if e.Kind != track.KindEpoch {
			continue
		}
		for _, v := range e.Values {
			split, name, ok := strings.Cut(v.Name, "/")
			if ok && (split == "train" || split == "val") && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

func value(e track.Event, name string) (float64, bool) {
	for _, v := range e.Values {
		if v.Name == name {
			return v.Value, true
		}
	}
	return 0, false
}

// unit is what the axis of a metric says.
func unit(metric string) string {
	switch metric {
	case "recon", "kl":
		return metric + ", nats a sample"
	case "l2":
		return "squared error a sample"
	case "l1":
		return "sum of activations a sample"
	case "aux":
		return "AuxK loss"
	case "grad_norm":
		return "2-norm of the gradients"
	case "l0":
		return "active latents a sample"
	case "dead":
		return "share of dead latents"
	case "explained_variance":
		return "share of the variance"
	case "accuracy":
		return "share of right answers"
	}
	return metric
}

func rate(events []track.Event) []report.Figure {
	s := report.Series{Name: "learning rate"}
	for _, e := range events {
		if v, ok := value(e, "lr"); ok && e.Kind == track.KindStep {
			s.Points = append(s.Points, report.Point{X: float64(e.Step), Y: v})
		}
	}
	if len(s.Points) < 2 {
		return nil
	}
	return []report.Figure{report.Chart{Title: "learning rate", X: "optimizer step", Y: "learning rate", Series: []report.Series{s}}}
}

// epochTimes is the wall time of each epoch, from its end to the end of the one before.
func epochTimes(events []track.Event) []report.Figure {
	s := report.Series{Name: "seconds"}
	var last *track.Event
	for i, e := range events {
		if e.Kind != track.KindEpoch {
			continue
		}
		if last != nil {
			seconds := math.NaN()
			if e.Epoch == last.Epoch+1 {
				seconds = e.Time.Sub(last.Time).Seconds()
			}
			s.Points = append(s.Points, report.Point{X: float64(e.Epoch), Y: seconds})
		}
		last = &events[i]
	}
	if len(s.Points) < 2 {
		return nil
	}
	return []report.Figure{report.Chart{Title: "time of an epoch", X: "epoch", Y: "seconds, with evaluation", Series: []report.Series{s}}}
}
