package trainer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/archive"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/track"
)

func archiveCommand() *cli.Command {
	return &cli.Command{
		Name: "archive", Usage: "pack a run into one file, verified", ArgsUsage: "DIR",
		Flags: withOutput(
			&cli.StringFlag{Name: "to", Usage: "`FILE` the archive, .tar.zst or .tar.gz (default: DIR.tar.zst)"},
			&cli.BoolFlag{Name: "remove", Usage: "remove the run when the archive is verified"},
		),
		Action: func(c *cli.Context) error {
			dir, err := target(c)
			if err != nil {
				return err
			}
			return runArchive(newConsole(c), dir, c.String("to"), c.Bool("remove"))
		},
	}
}

func runArchive(out *console, dir, to string, remove bool) error {
	info, err := experiment.Find(dir)
	if err != nil {
		return err
	}
	if to == "" {
		to = strings.TrimRight(info.Dir, "/") + ".tar.zst"
	}
	if err := checkArchive(info.Dir, to); err != nil {
		return err
	}
	noteKilled(info)
	held, err := experiment.Hold(info.Dir)
	if err != nil {
		return err
	}
	defer held.Release()
	before, err := experiment.Contents(info.Dir)
	if err != nil {
		return err
	}
	size := experiment.Size(before)
	if err := metered(out, "packing "+info.Dir, size, func(at func(int64)) error { return archive.Pack(info.Dir, info.Name, to, at) }); err != nil {
		return unwritable(err)
	}
	var found archive.Contents
	err = metered(out, "verifying "+to, size, func(at func(int64)) error {
		found, err = archive.Verify(to, at)
		return err
	})
	if err != nil {
		return fmt.Errorf("the archive was written but is not what it must be; nothing was removed: %w", err)
	}
	if remove {
		if err := removeArchived(held, info.Dir, to, before, found); err != nil {
			return err
		}
	}
	return toldArchive(out, info.Dir, to, found, remove)
}

// checkArchive refuses what would put the archive where it cannot be.
func checkArchive(dir, to string) error {
	if err := archive.CheckName(to); err != nil {
		return err
	}
	folder := filepath.Dir(to)
	if !isDir(folder) {
		return mistakef("--to %s: the folder %s does not exist", to, folder)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return err
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	if folder == real || strings.HasPrefix(folder, real+string(filepath.Separator)) {
		return mistakef("--to %s lies in the run that it is to hold; choose a place outside of %s", to, dir)
	}
	return nil
}

// removeArchived removes a run whose archive holds all of it as it is now.
func removeArchived(held *experiment.Held, dir, to string, before []experiment.Content, found archive.Contents) error {
	now, err := experiment.Contents(dir)
	if err != nil {
		return err
	}
	if !slices.Equal(before, now) || found.Files != len(now) || found.Bytes != experiment.Size(now) {
		return mistakef("%s changed while it was archived: it was not removed; archive it again when nothing writes to it (%s holds what was there)", dir, to)
	}
	return held.Remove()
}

func toldArchive(out *console, dir, to string, found archive.Contents, removed bool) error {
	info, err := os.Stat(to)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s: %d files, %s, verified", to, found.Files, runs.Bytes(info.Size()))
	if removed {
		text += "; " + dir + " is removed"
	}
	out.info("back with: trainer restore %s", to)
	return out.result(map[string]any{"archive": to, "dir": dir, "files": found.Files, "content": found.Bytes, "size": info.Size(), "removed": removed}, text)
}

// metered does work on that many bytes with a bar.
func metered(out *console, label string, bytes int64, work func(at func(int64)) error) error {
	const mega = 1_000_000
	m := track.NewMeter(out.display(), label, "MB", (bytes+mega-1)/mega)
	err := work(func(done int64) { _ = m.Set(done / mega) }) // a terminal that went away stops nothing
	if bytes < mega || err != nil {
		_ = m.Abort()
		return err
	}
	_ = m.Set((bytes + mega - 1) / mega)
	_ = m.Close()
	return nil
}
