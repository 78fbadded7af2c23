package trainer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/trainer/internal/starter"
)

func initCommand() *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "write a commented config to start from", ArgsUsage: "vae|sae|custom [FILE]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "schema", Usage: "write " + schemaName + " as well, for editors"},
			quietFlag(),
		},
		Action: func(c *cli.Context) error { return runInit(newConsole(c), c.Args().Slice(), c.Bool("schema")) },
	}
}

func runInit(out *console, args []string, schema bool) error {
	if len(args) == 0 || len(args) > 2 {
		return mistakef("init needs what to train, vae, sae or custom, and takes a file; e.g. `trainer init vae`")
	}
	kind := strings.TrimSuffix(args[0], "_model")
	text, err := starter.Config(kind)
	if err != nil {
		return mistakef("init: found %q, expected vae, sae or custom", args[0])
	}
	path := "train_" + kind + ".yaml"
	if len(args) == 2 {
		path = args[1]
	}
	if schema {
		text = append([]byte("# yaml-language-server: $schema="+schemaName+"\n"), text...)
	}
	if path == "-" {
		_, err := out.stdout.Write(text)
		return err
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return mistakef("%s exists; it is not overwritten: give another file, as in `trainer init %s my_%s.yaml`", path, kind, kind)
	}
	if folder := filepath.Dir(path); !isDir(folder) {
		return mistakef("%s: the folder %s does not exist", path, folder)
	}
	if err := unwritable(atomicfile.WriteFile(path, text)); err != nil {
		return err
	}
	if schema {
		if err := writeSchema(filepath.Join(filepath.Dir(path), schemaName)); err != nil {
			return err
		}
	}
	out.info("next: trainer validate %s", path)
	return out.result(nil, path)
}

func writeSchema(path string) error {
	text, err := config.Schema(models())
	if err != nil {
		return err
	}
	return unwritable(atomicfile.WriteFile(path, append(text, '\n')))
}
