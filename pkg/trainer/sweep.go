package trainer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/sweep"
	"github.com/gotrainer/trainer/pkg/train"
)

func sweepCommand() *cli.Command {
	return &cli.Command{
		Name: "sweep", Usage: "train a grid or random samples of settings", ArgsUsage: "CONFIG",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: sweep.Grid, Usage: "`KEY=V1,V2,V3` every one of these values (repeatable)"},
			&cli.IntFlag{Name: "samples", Usage: "draw `N` random samples"},
			&cli.StringSliceFlag{Name: sweep.Choice, Usage: "`KEY=V1,V2` draw one of these values (repeatable)"},
			&cli.StringSliceFlag{Name: sweep.Uniform, Usage: "`KEY=LOW,HIGH` draw a number between the limits (repeatable)"},
			&cli.StringSliceFlag{Name: sweep.LogUniform, Usage: "`KEY=LOW,HIGH` the same, uniform in the logarithm (repeatable)"},
			&cli.Int64Flag{Name: "seed", Value: 42, Usage: "`N` the seed of the samples"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Value: 1, Usage: "train `N` runs at the same time; they share the device"},
			&cli.BoolFlag{Name: "retry", Usage: "train runs that failed once more"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only check, and list what would be trained"},
		}, common()...),
		Action: func(c *cli.Context) error {
			path, err := target(c)
			if err != nil {
				return err
			}
			o := sweepOptions{config: path, set: c.StringSlice("set"), samples: c.Int("samples"), seed: c.Int64("seed"), jobs: c.Int("jobs"), retry: c.Bool("retry")}
			for _, kind := range []string{sweep.Grid, sweep.Choice, sweep.Uniform, sweep.LogUniform} {
				for _, arg := range c.StringSlice(kind) {
					axis, err := sweep.ParseAxis(kind, arg)
					if err != nil {
						return err
					}
					o.axes = append(o.axes, axis)
				}
			}
			return runSweep(c.Context, newConsole(c), o, c.Bool("dry-run"))
		},
	}
}

// sweepOptions is what is searched, and how.
type sweepOptions struct {
	config  string
	set     []string
	axes    []sweep.Axis
	samples int
	seed    int64
	jobs    int
	retry   bool
}

func runSweep(ctx context.Context, out *console, o sweepOptions, dry bool) error {
	if o.jobs < 1 {
		return mistakef("--jobs: found %d, expected 1 or more", o.jobs)
	}
	if o.samples < 0 {
		return mistakef("--samples: found %d, expected 1 or more", o.samples)
	}
	trials, err := planSweep(o)
	if err != nil {
		return err
	}
	count := map[string]int{}
	for _, t := range trials {
		count[t.plan]++
	}
	out.info("%d runs in %s: %d to train, %d to resume, %d finished, %d failed, %d in use elsewhere", len(trials), trials[0].base(),
		count[planTrain], count[planResume], count[planNone], count[planFailed], count[planElsewhere])
	if dry {
		return out.result(trialEntries(trials), plannedTable(trials))
	}
	folder, err := os.MkdirTemp("", "trainer-sweep-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := trainAll(ctx, out, o, folder, trials); err != nil {
		return err
	}
	return sweepResult(ctx, out, trials)
}

// sweepResult ends a sweep: the runs, the best first, and what did not go well.
func sweepResult(ctx context.Context, out *console, trials []*trial) error {
	ranked(trials)
	if err := out.result(trialEntries(trials), rankedTable(trials)); err != nil {
		return err
	}
	finished, failed := 0, 0
	for _, t := range trials {
		switch t.state {
		case experiment.Finished:
			finished++
		case experiment.Failed:
			failed++
		}
	}
	switch {
	case ctx.Err() != nil:
		out.info("interrupted: %d of %d runs are finished; the same command goes on", finished, len(trials))
		return train.ErrInterrupted
	case failed > 0:
		return fmt.Errorf("%d of %d runs failed; the same command with --retry trains them again", failed, len(trials))
	case finished < len(trials):
		return fmt.Errorf("%d of %d runs are not finished; the same command goes on", len(trials)-finished, len(trials))
	}
	best := trials[0]
	out.info("best %s %s: %s; next: trainer show %s", best.run.Monitor, best.run.Short("best"), best.name, best.dir)
	return nil
}

// trialEntry is a run of a sweep as JSON has it.
type trialEntry struct {
	Rank   int               `json:"rank,omitempty"`
	Name   string            `json:"name"`
	Dir    string            `json:"dir"`
	Values map[string]string `json:"values"` // as --set takes them
	Plan   string            `json:"plan"`
	State  string            `json:"state"`
	Error  string            `json:"error,omitempty"`
	Run    *runEntry         `json:"run"`
}

func trialEntries(trials []*trial) []trialEntry {
	out := []trialEntry{}
	for i, t := range trials {
		e := trialEntry{Rank: i + 1, Name: t.name, Dir: t.dir, Values: map[string]string{}, Plan: t.plan, State: t.state, Error: t.err}
		for _, s := range t.point {
			e.Values[s.Key] = s.Value
		}
		if t.run != nil {
			run := entryOf(t.run, nil)
			e.Run = &run
		}
		out = append(out, e)
	}
	return out
}

func plannedTable(trials []*trial) string {
	t := &table{}
	t.add("RUN", "WOULD")
	for _, tr := range trials {
		t.add(tr.name, tr.plan)
	}
	return t.String()
}

func rankedTable(trials []*trial) string {
	t := &table{right: map[int]bool{0: true}}
	head := []string{"RANK"}
	for _, s := range trials[0].point {
		t.right[len(head)] = true
		head = append(head, s.Key)
	}
	t.right[len(head)], t.right[len(head)+1] = true, true
	t.add(append(head, "BEST", "EPOCH", "STATE", "DIR")...)
	for i, tr := range trials {
		row := []string{fmt.Sprint(i + 1)}
		for _, s := range tr.point {
			row = append(row, s.Value)
		}
		best, epoch, state := "-", "-", tr.state
		if tr.run != nil {
			best, epoch = tr.run.Short("best"), tr.run.Short("epoch")
		}
		if tr.err != "" {
			state += ": " + shortened(tr.err, 60)
		}
		t.add(append(row, best, epoch, state, tr.dir)...)
	}
	if r := trials[0].run; r != nil && r.Monitor != "" {
		t.rows[0][len(head)] = strings.ToUpper("best ") + r.Monitor
	}
	return t.String()
}

func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// base is the folder that the runs are made in.
func (t *trial) base() string { return filepath.Dir(t.dir) }

// look reads how a run stands now.
func (t *trial) look() {
	info, err := experiment.Find(t.dir)
	if err != nil {
		t.run = nil
		return
	}
	t.run = runs.Of(info)
	t.state = t.run.State
	if t.err = t.run.Error; t.state == "" {
		t.state = experiment.Interrupted
	}
}
