package trainer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/experiment"
)

// wants says in words what a command's argument is.
var wants = map[string]string{
	"CONFIG|DIR": "a config file or an experiment directory",
	"CONFIG…":    "a config file",
	"CONFIG":     "a config file",
	"DIR":        "an experiment directory",
	"DIR DIR…":   "two experiment directories or more",
	"FILE":       "a checkpoint file",
	"ARCHIVE":    "an archive",
	"PATH":       "a folder or file of weights",
}

// targets are the arguments of a command, with that of --config; at least one.
func targets(c *cli.Context) ([]string, error) {
	paths := c.Args().Slice()
	if c.IsSet("config") {
		if len(paths) > 0 {
			return nil, mistakef("found both --config %s and the argument %s; give one", c.String("config"), paths[0])
		}
		paths = []string{c.String("config")}
	}
	what := wants[c.Command.ArgsUsage]
	if len(paths) == 0 {
		return nil, mistakef("%s needs %s, e.g. `%s`", c.Command.Name, what, example(c.Command))
	}
	for _, path := range paths {
		if path == "" {
			return nil, mistakef("%s: found an empty path, expected %s, e.g. `%s`", c.Command.Name, what, example(c.Command))
		}
	}
	return paths, nil
}

// target is the one thing that a command works on.
func target(c *cli.Context) (string, error) {
	paths, err := targets(c)
	if err == nil && len(paths) > 1 {
		err = mistakef("%s takes one argument, %s; found %d: %s", c.Command.Name, wants[c.Command.ArgsUsage], len(paths), strings.Join(paths, " "))
	}
	if err != nil {
		return "", err
	}
	return paths[0], nil
}

// isExperiment says whether an argument means an experiment directory and not a
// config. A name that is neither is an error about what it most likely meant.
func isExperiment(path string) (bool, error) {
	_, err := os.Stat(path)
	extension := filepath.Ext(path)
	switch {
	case isDir(path):
		_, err = experiment.Find(path)
		return true, err
	case !errors.Is(err, fs.ErrNotExist), extension == ".yaml", extension == ".yml":
		return false, nil
	}
	for _, extension := range []string{".yaml", ".yml"} {
		if _, err := os.Stat(path + extension); err == nil {
			return false, mistakef("%s: no such file or directory; did you mean %s?", path, path+extension)
		}
	}
	_, err = experiment.Find(path)
	return err == nil, err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// example is the first line of a command's examples.
func example(c *cli.Command) string {
	return examples(c)[0]
}
