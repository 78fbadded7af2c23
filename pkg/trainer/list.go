package trainer

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/runs"
)

func listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "every run below a folder, as a table", ArgsUsage: "[DIR…]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "sort", Usage: "`NAME` order by it; -NAME turns it around (default: by path)"},
			&cli.StringSliceFlag{Name: "where", Usage: "`'NAME>VALUE'` only runs for which it is true (repeatable)"},
			&cli.StringSliceFlag{Name: "columns", Usage: "`NAME,NAME` further columns (repeatable)"},
			jsonFlag(),
			&cli.BoolFlag{Name: "csv", Usage: "the result as CSV on stdout, with every metric"},
		},
		Action: func(c *cli.Context) error {
			return runList(c.Context, newConsole(c), c.Args().Slice(), selection{c.String("sort"), c.StringSlice("where"), splitNames(c.StringSlice("columns"))}, c.Bool("csv"))
		},
	}
}

// selection is which runs are wanted, in which order, with which columns.
type selection struct {
	sort    string
	where   []string
	columns []string
}

// splitNames splits a,b,c.
func splitNames(lists []string) []string {
	var out []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// usual are the columns that list shows without being asked.
var usual = []string{"type", "name", "state", "best", "epoch", "time", "size"}

func runList(ctx context.Context, out *console, dirs []string, want selection, asCSV bool) error {
	if asCSV && out.json {
		return mistakef("found both --json and --csv; give one")
	}
	if len(dirs) == 0 {
		dirs = defaultDirs()
	}
	list, err := want.of(dirs)
	if err != nil {
		return err
	}
	for _, r := range list {
		settleKilled(ctx, out, r.Dir())
		noteKilled(r.Info)
	}
	if len(list) == 0 {
		out.info("no runs below %s", strings.Join(dirs, ", "))
	}
	if asCSV {
		return writeCSV(out, list, want.columns)
	}
	entries := []runEntry{}
	for _, r := range list {
		entries = append(entries, entryOf(r, want.columns))
	}
	if len(list) == 0 && !out.json {
		return nil
	}
	return out.result(entries, runTable(list, want.columns))
}

// defaultDirs is where runs are looked for when nothing is said.
func defaultDirs() []string {
	if isDir("experiments") {
		return []string{"experiments"}
	}
	return []string{"."}
}

// of reads the runs below the folders and selects among them.
func (s selection) of(dirs []string) ([]*runs.Run, error) {
	var conditions []runs.Condition
	for _, text := range s.where {
		c, err := runs.ParseCondition(text)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, c)
	}
	all, err := runs.Read(dirs...)
	if err != nil {
		return nil, err
	}
	for _, name := range s.columns {
		if err := runs.CheckName(all, name); err != nil {
			return nil, fmt.Errorf("--columns: %w", err)
		}
	}
	if s.sort != "" {
		if err := runs.Sort(all, s.sort); err != nil {
			return nil, fmt.Errorf("--sort: %w", err)
		}
	}
	return runs.Filter(all, conditions)
}

// runTable shows the usual columns, the metric that best is of, the folder, and more.
func runTable(list []*runs.Run, more []string) string {
	head := []string{"TYPE", "NAME", "STATE", "BEST", "EPOCH", "TIME", "SIZE"}
	t := &table{right: map[int]bool{4: true, 5: true, 6: true}}
	for i := range more {
		t.right[len(head)+i] = true
	}
	t.add(append(append(head, more...), "DIR")...)
	for _, r := range list {
		var cells []string
		for _, name := range usual {
			cells = append(cells, r.Short(name))
		}
		if !math.IsNaN(r.Best) && r.Monitor != "" {
			cells[3] = r.Monitor + " " + cells[3]
		}
		if r.Info.Staged {
			cells[2] += " (new)"
		}
		for _, name := range more {
			cells = append(cells, r.Short(name))
		}
		t.add(append(cells, r.Dir())...)
	}
	return t.String()
}

// runEntry is a run as JSON has it.
type runEntry struct {
	Dir       string         `json:"dir"`
	Name      string         `json:"name"`
	Type      string         `json:"type"`
	Variant   any            `json:"variant"`
	State     any            `json:"state"` // null where nobody knows
	Staged    bool           `json:"staged,omitempty"`
	Error     string         `json:"error,omitempty"`
	Monitor   string         `json:"monitor"`
	Best      any            `json:"best"`
	BestEpoch any            `json:"best_epoch"`
	Epoch     int64          `json:"epoch"`
	Epochs    any            `json:"epochs"` // as planned
	Step      any            `json:"step"`
	Started   any            `json:"started"`
	Ended     any            `json:"ended"`
	Seconds   float64        `json:"seconds"`
	Size      int64          `json:"size"`
	Metrics   map[string]any `json:"metrics"` // of the best epoch
	Columns   map[string]any `json:"columns,omitempty"`
}

func entryOf(r *runs.Run, columns []string) runEntry {
	value := func(name string) any {
		v, _ := r.Value(name)
		return jsonValue(v)
	}
	l := runEntry{Dir: r.Dir(), Name: r.Info.Name, Type: r.Type(), Variant: value("variant"), State: value("state"), Staged: r.Info.Staged, Error: r.Error,
		Monitor: r.Monitor, Best: value("best"), BestEpoch: value("best_epoch"), Epoch: r.Epoch, Step: value("step"), Started: value("started"),
		Ended: value("ended"), Seconds: r.Took().Seconds(), Size: r.Size, Metrics: map[string]any{}}
	if planned := r.Planned(); planned > 0 {
		l.Epochs = planned
	}
	for _, v := range r.Metrics {
		l.Metrics[v.Name] = number(v.Value)
	}
	for _, name := range columns {
		if l.Columns == nil {
			l.Columns = map[string]any{}
		}
		l.Columns[name] = value(name)
	}
	return l
}

// jsonValue is a run's value as JSON can hold it.
func jsonValue(v any) any {
	switch v := v.(type) {
	case float64:
		return number(v)
	case time.Time:
		return runs.Text(v)
	case time.Duration:
		return v.Seconds()
	}
	return v
}

// writeCSV has a column for everything that list knows, each metric, and more.
func writeCSV(out *console, list []*runs.Run, more []string) error {
	columns := slices.Clone(runs.Columns)
	for _, name := range slices.Concat(runs.MetricNames(list), more) {
		if !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	w := csv.NewWriter(out.stdout)
	rows := [][]string{columns}
	for _, r := range list {
		var row []string
		for _, name := range columns {
			v, _ := r.Value(name)
			row = append(row, runs.Text(v))
		}
		rows = append(rows, row)
	}
	return w.WriteAll(rows)
}
