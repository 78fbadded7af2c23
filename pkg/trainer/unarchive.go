package trainer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/archive"
	"github.com/gotrainer/trainer/pkg/experiment"
)

func restoreCommand() *cli.Command {
	return &cli.Command{
		Name: "restore", Usage: "bring an archived run back, exactly", ArgsUsage: "ARCHIVE",
		Flags: withOutput(
			&cli.StringFlag{Name: "to", Usage: "`DIR` the run's directory, which must not exist"},
		),
		Action: func(c *cli.Context) error {
			file, err := target(c)
			if err != nil {
				return err
			}
			return runRestore(newConsole(c), file, c.String("to"))
		},
	}
}

func runRestore(out *console, file, to string) error {
	var found archive.Contents
	err := metered(out, "checking "+file, 0, func(at func(int64)) (err error) {
		found, err = archive.Verify(file, at)
		return err
	})
	if err != nil {
		return err
	}
	if to == "" {
		to = filepath.Join(filepath.Dir(file), found.Name)
	}
	if _, err := os.Lstat(to); err == nil {
		return mistakef("%s exists; it is not overwritten: move it away, or give another place with --to", to)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(to)), 0o755); err != nil {
		return unwritable(err)
	}
	held, err := experiment.Hold(to)
	if err != nil {
		return err
	}
	defer held.Release()
	if err := unpack(out, held, file, found.Bytes); err != nil {
		return unwritable(err)
	}
	return out.result(map[string]any{"dir": to, "archive": file, "files": found.Files, "content": found.Bytes},
		fmt.Sprintf("%s: %d files restored", to, found.Files))
}

// unpack restores into a hidden folder, which takes the run's name when it is whole.
func unpack(out *console, held *experiment.Held, file string, size int64) error {
	stage, err := held.Stage()
	if err != nil {
		return err
	}
	err = metered(out, "restoring "+held.Dir(), size, func(at func(int64)) error {
		_, err := archive.Unpack(file, stage, at)
		return err
	})
	if err == nil {
		err = held.Place(stage)
	}
	if err != nil {
		return errors.Join(err, held.Discard(stage))
	}
	return nil
}
