package trainer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/export"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "write the weights for other tools", ArgsUsage: "DIR",
		Flags: withOutput(
			&cli.StringFlag{Name: "to", Usage: "`LAYOUT` " + strings.Join(export.Layouts, ", ")},
			&cli.StringFlag{Name: "output", Usage: "`PATH` the file or folder to write (default: in DIR/export)"},
			&cli.StringFlag{Name: "checkpoint", Value: "best", Usage: "`WHICH` best, last, epoch_007 or a path"},
			&cli.BoolFlag{Name: "fold-norms", Usage: "give a sparse autoencoder's decoder rows the norm 1, which goes into the activations"},
			&cli.BoolFlag{Name: "force", Usage: "replace what an earlier export wrote"},
		),
		Action: func(c *cli.Context) error {
			dir, err := target(c)
			if err != nil {
				return err
			}
			if !slices.Contains(export.Layouts, c.String("to")) {
				return mistakef("--to: found %q, expected one of %s", c.String("to"), strings.Join(export.Layouts, ", "))
			}
			e := &exporter{out: newConsole(c), layout: c.String("to"), output: c.String("output"), force: c.Bool("force"), foldNorms: c.Bool("fold-norms")}
			return e.run(dir, c.String("checkpoint"))
		},
	}
}

// exporter is one export command.
type exporter struct {
	out              *console
	layout, output   string
	force, foldNorms bool
	trained          *trained
}

func (e *exporter) run(dir, which string) (err error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if e.trained, err = openTrained(filepath.Join(dir, ".."), filepath.Base(full), which); err != nil {
		return err
	}
	if e.trained.notice != "" {
		e.out.note(e.trained.notice)
	}
	warnNotFinite(e.out, e.trained.path, e.trained.file)
	files, notes, err := e.files()
	if err != nil {
		return fmt.Errorf("%s to %s: %w", e.trained.path, e.layout, err)
	}
	if err := e.place(len(files) > 1); err != nil {
		return err
	}
	written, err := e.write(files)
	if err != nil {
		return unwritable(err)
	}
	for _, n := range notes {
		e.out.note(n)
	}
	return e.out.result(map[string]any{
		"checkpoint": e.trained.path, "epoch": e.trained.file.Epoch, "layout": e.layout, "path": e.output, "files": written, "notes": append([]string{}, notes...),
	}, strings.Join(written, "\n"))
}

// files are what the layout consists of: one file of weights as they are, or the files of
// a folder.
func (e *exporter) files() (files []export.File, notes []string, err error) {
	t := e.trained
	made := map[string]string{"trainer_version": version}
	if by, err := checkpoint.Value[string](t.state("environment"), "libtorch"); err == nil {
		made["libtorch_version"] = by
	}
	if e.layout != "safetensors" && e.layout != "torch" {
		s, err := t.sparse()
		if err != nil {
			return nil, nil, err
		}
		if e.foldNorms {
			if err := s.FoldNorms(); err != nil {
				return nil, nil, err
			}
		}
		return export.Of(e.layout, s, made)
	}
	if e.foldNorms {
		return nil, nil, mistakef("--fold-norms is for the layouts of other tools; here the weights stay as they are")
	}
	plain, _ := checkpoint.ToGo(t.file.Config).(map[string]any)
	data, _ := checkpoint.ToGo(t.state("data")).(map[string]any)
	w := &export.Weights{Model: t.file.Model, Config: plain, Data: data, Epoch: t.file.Epoch, Metric: t.file.MetricValue, Made: made}
	if e.layout == "torch" {
		return []export.File{w.Torch("model.pt")}, nil, nil
	}
	f, err := w.Safetensors("model.safetensors")
	return []export.File{f}, nil, err
}

// place decides where the export goes, and refuses to replace what it did not make.
func (e *exporter) place(folder bool) error {
	name := map[string]string{"safetensors": "model.safetensors", "torch": "model.pt"}[e.layout]
	if name == "" {
		name = e.layout
	}
	if e.output == "" {
		e.output = filepath.Join(e.trained.dir, "export", name)
		if err := os.Mkdir(filepath.Dir(e.output), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return unwritable(err)
		}
	}
	e.output = filepath.Clean(e.output)
	if !isDir(filepath.Dir(e.output)) {
		return mistakef("--output %s: the folder %s does not exist", e.output, filepath.Dir(e.output))
	}
	info, err := os.Lstat(e.output)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !e.force:
		return mistakef("%s exists; --force replaces it, --output writes elsewhere", e.output)
	case folder && !info.IsDir() || !folder && !info.Mode().IsRegular():
		return mistakef("%s is no %s that an export made; it is not replaced", e.output, map[bool]string{true: "folder", false: "file"}[folder])
	case folder:
		return onlyExported(e.output)
	}
	return nil
}

// onlyExported holds that a folder has nothing but what exports make, before it goes.
func onlyExported(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !slices.Contains(export.FileNames, entry.Name()) || !entry.Type().IsRegular() {
			return mistakef("%s has %s, which no export makes; it is not replaced: choose another --output, or move it away", dir, entry.Name())
		}
	}
	return nil
}

// write writes the files, which take their names together.
func (e *exporter) write(files []export.File) (paths []string, err error) {
	size := int64(0)
	for _, f := range files {
		size += f.Size
	}
	if err := atomicfile.CheckSpace(e.output, size); err != nil {
		return nil, err
	}
	err = metered(e.out, "writing "+e.output, size, func(at func(int64)) error {
		count := summed(at)
		if len(files) == 1 {
			paths = []string{e.output}
			return writeOne(files[0], func() (*atomicfile.File, error) { return atomicfile.Create(e.output) }, count)
		}
		folder, err := atomicfile.CreateFolder(e.output)
		if err != nil {
			return err
		}
		defer folder.Abort()
		for _, f := range files {
			paths = append(paths, filepath.Join(e.output, f.Name))
			if err := writeOne(f, func() (*atomicfile.File, error) { return folder.Create(f.Name) }, count); err != nil {
				return err
			}
		}
		return folder.Commit()
	})
	return paths, err
}

func writeOne(f export.File, create func() (*atomicfile.File, error), count func(int)) error {
	w, err := create()
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := f.Write(counting{w, count}); err != nil {
		return err
	}
	return w.Commit()
}

// summed tells of all that was written, when it hears of a piece.
func summed(at func(int64)) func(int) {
	done := int64(0)
	return func(n int) {
		done += int64(n)
		at(done)
	}
}

// counting tells of what is written, a piece at a time.
type counting struct {
	w     io.Writer
	count func(int)
}

func (c counting) Write(p []byte) (n int, err error) {
	const piece = 4 << 20
	for len(p) > 0 && err == nil {
		var m int
		m, err = c.w.Write(p[:min(piece, len(p))])
		c.count(m)
		n, p = n+m, p[m:]
	}
	return n, err
}
