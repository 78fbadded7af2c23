package trainer

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name: "inspect", Usage: "what is in a checkpoint, and whether it is whole", ArgsUsage: "FILE",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			path, err := target(c)
			if err != nil {
				return err
			}
			found, err := inspect(path)
			if err != nil {
				return err
			}
			if err := newConsole(c).result(found, found.text()); err != nil {
				return err
			}
			return found.finite()
		},
	}
}

// inspect reads the file in the format that it begins with.
func inspect(path string) (*contents, error) {
	if isSafetensors(path) {
		f, err := safetensors.Open(path)
		if err != nil {
			return nil, err
		}
		return ofSafetensors(path, f)
	}
	root, err := checkpoint.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if checkpoint.IsTraining(root) {
		f, err := checkpoint.Parse(path, root)
		if err != nil {
			return nil, err
		}
		return ofTraining(path, f, root), nil
	}
	return ofTorch(path, root)
}

// isSafetensors goes by the file's first bytes; for one that cannot be read, or has
// none of either format, by its name.
func isSafetensors(path string) bool {
	named := strings.HasSuffix(path, ".safetensors")
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return named
	}
	f, err := os.Open(path)
	if err != nil {
		return named
	}
	defer f.Close()
	var head [9]byte
	n, err := io.ReadFull(f, head[:])
	zip := strings.HasPrefix(string(head[:n]), "PK")
	return safetensors.Sniff(head[:n], info.Size()) || named && !zip
}

// finite is an error that names the tensors with NaN or infinities: exit code 1.
func (c *contents) finite() error {
	if len(c.NotFinite) == 0 {
		return nil
	}
	return fmt.Errorf("%s: whole, but not all of its numbers are finite: %s", c.Path, listed(c.NotFinite))
}

func listed(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// warnNotFinite tells of weights that no result can be computed from.
func warnNotFinite(out *console, path string, f *checkpoint.File) {
	if bad := f.NotFinite(); len(bad) > 0 {
		out.note(fmt.Sprintf("%s: the model has weights that are not finite, and so will its results be: %s", path, listed(bad)))
	}
}
