package trainer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/runs"
)

// The classes of what can go.
const (
	classEpochs      = "epochs"
	classFailed      = "failed"
	classInterrupted = "interrupted"
	classTemp        = "temp"
)

func cleanCommand() *cli.Command {
	return &cli.Command{
		Name: "clean", Usage: "what could go, with its size; --yes removes it", ArgsUsage: "[DIR…]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "remove what is listed"},
			&cli.BoolFlag{Name: classEpochs, Usage: "checkpoints of epochs that are neither best nor last"},
			&cli.BoolFlag{Name: classFailed, Usage: "runs that failed, or ended before their first checkpoint"},
			&cli.BoolFlag{Name: classTemp, Usage: "what killed processes left"},
			&cli.BoolFlag{Name: classInterrupted, Usage: "runs that were interrupted and could be resumed"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			var classes []string
			for _, class := range []string{classEpochs, classFailed, classTemp, classInterrupted} {
				if c.Bool(class) {
					classes = append(classes, class)
				}
			}
			if len(classes) == 0 {
				classes = []string{classEpochs, classFailed, classTemp}
			}
			return runClean(newConsole(c), c.Args().Slice(), classes, c.Bool("yes"))
		},
	}
}

// spare is something that can go.
type spare struct {
	Class string `json:"class"`
	Path  string `json:"path"`
	Size  int64  `json:"size"` // bytes that it takes
	Why   string `json:"why"`
	Gone  bool   `json:"removed"`

	run string // the directory of the run that it is of, or is; empty for none
}

func runClean(out *console, dirs, classes []string, yes bool) error {
	if len(dirs) == 0 {
		dirs = defaultDirs()
	}
	found, err := spares(dirs, classes, out.note)
	if err != nil {
		return err
	}
	var failed problems
	if yes {
		for i := range found {
			if err := found[i].remove(out); err != nil {
				failed = append(failed, err)
			}
		}
	}
	if err := out.result(slices.Concat([]spare{}, found), spareTable(found)); err != nil {
		return err
	}
	if !yes && len(found) > 0 {
		out.info("nothing was removed; `trainer clean --yes` with the same arguments removes it")
	}
	return failed.err()
}

// spares lists what can go, in the order of the runs. note is told of what stays though
// its class was asked for.
func spares(dirs, classes []string, note func(string)) ([]spare, error) {
	list, err := runs.Read(dirs...)
	if err != nil {
		return nil, err
	}
	var found []spare
	for _, r := range list {
		if r.State == experiment.Running || r.Info.Staged {
			continue
		}
		class, why := doomed(r)
		if class != "" && slices.Contains(classes, class) {
			if names, err := experiment.Foreign(r.Info.Dir); err != nil || len(names) > 0 {
				note(fmt.Sprintf("%s stays: it has what trainer did not make: %v", r.Info.Dir, names))
				continue
			}
			found = append(found, spare{Class: class, Path: r.Info.Dir, Size: r.Size, Why: why, run: r.Info.Dir})
			continue
		}
		if slices.Contains(classes, classEpochs) {
			for _, f := range r.Spare() {
				s := spare{Class: classEpochs, Path: r.Path(f.Path), Why: "neither the best nor the last epoch", run: r.Info.Dir}
				if !f.Shared {
					s.Size = f.Size
				}
				found = append(found, s)
			}
		}
	}
	if slices.Contains(classes, classTemp) {
		return leftovers(dirs, found)
	}
	return found, nil
}

// doomed says whether a whole run can go, and why.
func doomed(r *runs.Run) (class, why string) {
	trained := fmt.Sprintf("has checkpoints up to epoch %d", r.Epoch)
	switch {
	case r.State == experiment.Failed && hasFile(r, "checkpoints/"):
		return classFailed, "failed: " + r.Error + "; " + trained
	case r.State == experiment.Failed:
		return classFailed, "failed: " + r.Error
	case r.State == experiment.Interrupted && !hasFile(r, "checkpoints/"):
		return classFailed, "ended before its first checkpoint"
	case r.State == experiment.Interrupted:
		return classInterrupted, "interrupted; " + trained + ", `trainer resume` could go on"
	}
	return "", ""
}

func leftovers(dirs []string, found []spare) ([]spare, error) {
	for _, dir := range dirs {
		left, err := experiment.Leftovers(dir)
		if err != nil {
			return nil, err
		}
		for _, l := range left {
			known := slices.ContainsFunc(found, func(s spare) bool {
				return s.Path == l.Path || s.Path == l.Run && s.Class != classEpochs
			})
			if !known {
				found = append(found, spare{Class: classTemp, Path: l.Path, Size: l.Size, Why: "left by a process that was killed", run: l.Run})
			}
		}
	}
	return found, nil
}

// remove removes it, under the lock of its run: what has changed since it was found, or
// is in use now, stays.
func (s *spare) remove(out *console) error {
	if s.run == "" {
		return s.removed(os.Remove(s.Path))
	}
	held, err := experiment.Hold(s.run)
	if err != nil {
		return err
	}
	defer held.Release()
	if s.Class == classTemp {
		notices, err := held.Tidy()
		for _, n := range notices {
			out.note(n)
		}
		return s.removed(err)
	}
	info, err := experiment.Find(s.run)
	if err != nil {
		return err
	}
	now := runs.Of(info)
	if s.Class == classEpochs {
		if !slices.ContainsFunc(now.Spare(), func(f experiment.Content) bool { return filepath.Join(s.run, f.Path) == s.Path }) {
			return nil // it is the best or the last by now
		}
		return s.removed(os.Remove(s.Path))
	}
	if class, _ := doomed(now); class != s.Class {
		return nil // it was trained further
	}
	return s.removed(held.Remove())
}

func (s *spare) removed(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	s.Gone = err == nil
	return unwritable(err)
}

func spareTable(found []spare) string {
	if len(found) == 0 {
		return "nothing can go"
	}
	t := &table{right: map[int]bool{1: true}}
	t.add("CLASS", "SIZE", "PATH", "WHY")
	var total, gone int64
	for _, s := range found {
		t.add(s.Class, runs.Bytes(s.Size), s.Path, s.Why)
		total += s.Size
		if s.Gone {
			gone += s.Size
		}
	}
	last := fmt.Sprintf("%s in %d places", runs.Bytes(total), len(found))
	if gone > 0 {
		last += ", " + runs.Bytes(gone) + " freed"
	}
	return t.String() + "\n" + last
}
