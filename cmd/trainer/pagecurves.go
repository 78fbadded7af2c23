package main

import (
	"math"
	"strings"

	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/track"
)

// curves are the charts of a run's metrics, learning rate and timing.
func curves(events []track.Event) []report.Section {
	var metrics, machine report.Section
	metrics.Title, metrics.About = "Metrics", "Means over an epoch; the dot marks the best epoch."
	machine.Title = "Learning rate and time"
	var best *track.Event
	for i, e := range events {
		if e.Kind == track.KindEpoch && e.Best {
			best = &events[i]
		}
	}
	for _, name := range metricNames(events) {
		chart := report.Chart{Title: name, X: "epoch", Y: unit(name), LogY: name == "loss" || name == "recon", Legend: true}
		for color, split := range []string{"train", "val"} {
			s := report.Series{Name: split, Color: color}
			for _, e := range events {
				if v, ok := value(e, split+"/"+name); ok && e.Kind == track.KindEpoch {
					s.Points = append(s.Points, report.Point{X: float64(e.Epoch), Y: v})
				}
			}
			if best != nil {
				if v, ok := value(*best, split+"/"+name); ok {
					s.Mark = &report.Point{X: float64(best.Epoch), Y: v}
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
	return []report.Figure{report.Chart{Title: "time of an epoch", X: "epoch", Y: "seconds, evaluation and saving included", Series: []report.Series{s}}}
}
