package trainer

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/track"
)

func compareCommand() *cli.Command {
	return &cli.Command{
		Name: "compare", Usage: "what differs between runs: config, metrics, curves", ArgsUsage: "DIR DIR…",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "html", Usage: "`FILE` write a page with curves there"},
			&cli.BoolFlag{Name: "frontier", Usage: "plot L0 and FVU of the SAEs in and below each DIR"},
			&cli.StringFlag{Name: "png", Value: "frontier.png", Usage: "`FILE` where the plot of --frontier goes"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			dirs, err := targets(c)
			if err != nil {
				return err
			}
			switch frontier := c.Bool("frontier"); {
			case frontier && c.IsSet("html"):
				return mistakef("--frontier draws a PNG; give --png FILE in place of --html")
			case !frontier && c.IsSet("png"):
				return mistakef("--png is for the plot of --frontier; give both, or --html FILE")
			case frontier:
				return runFrontier(c.Context, newConsole(c), dirs, c.String("png"))
			}
			if len(dirs) < 2 {
				return mistakef("compare needs two runs or more, found %s; `trainer show %s` tells all of one", dirs[0], dirs[0])
			}
			return runCompare(newConsole(c), dirs, c.String("html"))
		},
	}
}

func runCompare(out *console, dirs []string, html string) error {
	var list []*runs.Run
	for _, dir := range dirs {
		info, err := experiment.Find(dir)
		if err != nil {
			return err
		}
		noteKilled(info)
		list = append(list, runs.Of(info))
	}
	c := comparison{list: list, labels: runs.Labels(list), differ: runs.Differences(list), winner: runs.Winner(list)}
	if html != "" {
		if err := c.write(html); err != nil {
			return err
		}
		out.info("wrote %s", html)
	}
	return out.result(c.json(), c.text())
}

// comparison is several runs side by side.
type comparison struct {
	list   []*runs.Run
	labels []string
	differ []runs.Difference
	winner int // index of the best; -1 where there is none
}

// settings and metrics are the two tables: a row for each key, a column for each run.
func (c *comparison) settings() [][]string {
	var rows [][]string
	for _, d := range c.differ {
		row := []string{d.Key}
		for _, v := range d.Values {
			if v == nil {
				row = append(row, "-")
			} else {
				row = append(row, runs.Text(v))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func (c *comparison) metrics() [][]string {
	var rows [][]string
	add := func(title string, cell func(*runs.Run) string) {
		row := []string{title}
		for _, r := range c.list {
			row = append(row, cell(r))
		}
		rows = append(rows, row)
	}
	for _, name := range []string{"state", "best", "best_epoch", "epoch", "time", "size"} {
		add(strings.ReplaceAll(name, "_", " "), func(r *runs.Run) string { return r.Short(name) })
	}
	for _, name := range runs.MetricNames(c.list) {
		add(name, func(r *runs.Run) string { return metricText(r.Metrics, name) })
	}
	return rows
}

// head names the runs, the best with a star.
func (c *comparison) head(first string) []string {
	head := append([]string{first}, c.labels...)
	if c.winner >= 0 {
		head[1+c.winner] += " *"
	}
	return head
}

func (c *comparison) text() string {
	right := map[int]bool{}
	for i := range c.list {
		right[i+1] = true
	}
	t := &table{right: right}
	t.add(c.head("config")...)
	for _, row := range c.settings() {
		t.add(row...)
	}
	if len(c.differ) == 0 {
		t.add("(no key differs)")
	}
	t.add("")
	t.add(append([]string{"metric (best epoch)"}, slices.Repeat([]string{""}, len(c.list))...)...)
	for _, row := range c.metrics() {
		t.add(row...)
	}
	return t.String()
}

func (c *comparison) json() any {
	entries := make([]runEntry, len(c.list))
	for i, r := range c.list {
		entries[i] = entryOf(r, nil)
	}
	differ := map[string][]any{}
	for _, d := range c.differ {
		values := make([]any, len(d.Values))
		for i, v := range d.Values {
			values[i] = jsonValue(v)
		}
		differ[d.Key] = values
	}
	best := any(nil)
	if c.winner >= 0 {
		best = c.list[c.winner].Dir()
	}
	return map[string]any{"runs": entries, "config": differ, "best": best}
}

// write makes the page.
func (c *comparison) write(path string) error {
	page := report.Comparison{
		Title: "Comparison of " + strings.Join(c.labels, ", "),
		About: "Metrics are those of each run's best epoch; solid curves are of the validation split, dashed ones of the training split, and a dot is the best epoch.",
		Tables: []report.Table{
			{Title: "Config, where it differs", Head: c.head("key"), Rows: c.settings(), Mark: c.winner + 1},
			{Title: "Metrics", Head: c.head("metric"), Rows: c.metrics(), Mark: c.winner + 1},
		},
		Charts: c.charts(),
	}
	for i, name := range c.labels {
		page.Legend = append(page.Legend, report.Legend{Name: name, Color: report.Color(i)})
	}
	var b bytes.Buffer
	if err := page.WriteHTML(&b); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if info := filepath.Dir(path); !isDir(info) {
		return mistakef("--html %s: the folder %s does not exist", path, info)
	}
	return unwritable(atomicfile.WriteFile(path, b.Bytes()))
}

// charts has one for each metric, with the curves of both splits.
func (c *comparison) charts() []report.Chart {
	var charts []report.Chart
	at := map[string]int{}
	epochs := make([][]track.Event, len(c.list))
	for i, r := range c.list {
		epochs[i] = r.Epochs()
	}
	for _, name := range runs.MetricNames(c.list) {
		split, metric, found := strings.Cut(name, "/")
		if !found {
			metric = name
		}
		n, known := at[metric]
		if !known {
			n = len(charts)
			at[metric] = n
			charts = append(charts, report.Chart{Title: metric, X: "epoch"})
		}
		for i, r := range c.list {
			s := report.Series{Name: c.labels[i] + " " + name, Points: curve(epochs[i], name), Color: i, Dashed: found && split == "train"}
			for _, p := range s.Points {
				if name == r.Monitor && int64(p.X) == r.BestEpoch {
					s.Mark = &p
				}
			}
			charts[n].Series = append(charts[n].Series, s)
		}
	}
	for i := range charts {
		charts[i].LogY = charts[i].Title == "lr"
	}
	return charts
}

// curve is a metric over the epochs.
func curve(epochs []track.Event, name string) []report.Point {
	var points []report.Point
	for _, e := range epochs {
		for _, v := range e.Values {
			if v.Name == name {
				points = append(points, report.Point{X: float64(e.Epoch), Y: v.Value})
			}
		}
	}
	return points
}
