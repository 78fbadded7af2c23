package trainer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/export"
)

func importCommand() *cli.Command {
	return &cli.Command{
		Name: "import", Usage: "make a run of weights of other tools", ArgsUsage: "PATH",
		Flags: withOutput(
			&cli.StringFlag{Name: "as", Usage: "`NAME` the run's name"},
			&cli.StringFlag{Name: "output-dir", Usage: "`DIR` the folder of the run (default: ./experiments/TYPE)"},
			&cli.StringFlag{Name: "data", Usage: "`PATH` what it is to work on: a .npy, .npz, .csv, .parquet or .safetensors file, or a run with embeddings"},
			&cli.StringSliceFlag{Name: "set", Usage: "`KEY=VALUE` override a key of the config (YAML; repeatable)"},
			&cli.BoolFlag{Name: "force", Usage: "replace a run of that name"},
		),
		Action: func(c *cli.Context) error {
			path, err := target(c)
			if err != nil {
				return err
			}
			if c.String("as") == "" {
				return mistakef("import needs the name that the run gets: --as NAME, e.g. `%s`", example(c.Command))
			}
			i := &importer{out: newConsole(c), path: path, set: c.StringSlice("set"), data: c.String("data"), force: c.Bool("force")}
			return i.run(c.String("as"), c.String("output-dir"))
		},
	}
}

// importer is one import command.
type importer struct {
	out        *console
	path, data string
	set        []string
	force      bool

	layout string
	notes  []string
	file   *checkpoint.File
	config map[string]any
	facts  map[string]any // trainer_state's data
}

func (i *importer) run(name, outputDir string) error {
	if err := i.read(); err != nil {
		return err
	}
	if outputDir == "" {
		section, _ := i.config["model"].(map[string]any)
		outputDir = fmt.Sprintf("./experiments/%v", section["type"])
	}
	doc, err := i.document(name, outputDir)
	if err != nil {
		return err
	}
	i.file.Config = checkpoint.FromGo(doc.Map()).(*checkpoint.Dict)
	i.file.TrainerState = checkpoint.NewDict(
		"format_version", int64(formatVersion), "global_step", int64(0), "data", i.facts,
		"imported_from", i.path, "environment", map[string]any{"trainer": version})
	dir, err := i.place(name, outputDir, doc)
	if err != nil {
		return err
	}
	for _, n := range i.notes {
		i.out.note(n)
	}
	i.out.info("next        trainer predict %s", dir)
	return i.out.result(map[string]any{"dir": dir, "layout": i.layout, "notes": append([]string{}, i.notes...)}, dir)
}

// read reads the weights and what says which model they are of.
func (i *importer) read() error {
	i.file = &checkpoint.File{MetricValue: math.NaN(), Optimizer: emptyOptimizer()}
	if !isDir(i.path) {
		w, err := export.ReadWeights(i.path)
		if err != nil {
			return err
		}
		i.layout, i.config, i.facts = "safetensors", w.Config, w.Data
		i.file.Model, i.file.Epoch, i.file.MetricValue = w.Model, w.Epoch, w.Metric
		for _, section := range []string{"mlflow", "tracking"} { // what reports a training
			delete(i.config, section)
		}
		return nil
	}
	in, err := export.ReadSAE(i.path)
	if err != nil {
		return err
	}
	i.layout, i.notes = in.Layout, in.Notes
	if len(in.Belongs) > 0 {
		i.notes = append(i.notes, "not kept, for trainer has no place for it: "+strings.Join(in.Belongs, ", "))
	}
	i.config = map[string]any{"model": in.SAE.Model()}
	inputs := map[string]any{"shape": []int64{int64(in.SAE.In)}, "label_shape": nil, "classes": 0}
	if in.SAE.Transcodes {
		inputs["label_shape"] = []int64{int64(in.SAE.Out)}
	}
	i.facts = map[string]any{"inputs": inputs, "normalization": map[string]any{"kind": "none"}}
	i.file.Model = in.SAE.State()
	i.notes = append(i.notes, "how it was trained is not in the folder: the training section has the defaults, and there is no optimizer state to resume with")
	return nil
}

// emptyOptimizer is torch.optim's state_dict before the first step.
func emptyOptimizer() *checkpoint.Dict {
	return checkpoint.NewDict("state", checkpoint.NewDict(), "param_groups", []any{})
}

// document is the run's config.
func (i *importer) document(name, outputDir string) (*config.Document, error) {
	place := map[string]any{"name": name, "output_dir": outputDir}
	if before, ok := i.config["experiment"].(map[string]any); ok && before["seed"] != nil {
		place["seed"] = before["seed"] // generated data and splits are of it
	}
	i.config["experiment"] = place
	chosen := slices.ContainsFunc(i.set, func(s string) bool { return strings.HasPrefix(s, "data.") })
	switch {
	case i.data != "":
		if err := i.useData(); err != nil {
			return nil, err
		}
	case i.config["data"] == nil && !chosen:
		i.config["data"] = map[string]any{"source": "npy", "path": unknownData}
		i.notes = append(i.notes, "which data it is for is not known: name them with --data, or to each command, as in --set data.source=npy --set data.path=FILE")
	}
	if i.data != "" || chosen {
		delete(i.facts, "split") // it is of other data
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Imported from %s (%s).\n", i.path, i.layout)
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(i.config); err != nil {
		return nil, err
	}
	_, doc, err := config.ParseTrain("the imported config", text.Bytes(), config.Options{Models: models(), Set: i.set})
	return doc, err
}

// unknownData stands where the file of samples is to be named.
const unknownData = "activations.npy"

// useData makes the data section of --data; how the run's data were normalised stays.
func (i *importer) useData() error {
	section := map[string]any{}
	if before, ok := i.config["data"].(map[string]any); ok && before["normalize"] != nil {
		section["normalize"] = before["normalize"]
	}
	source := strings.TrimPrefix(filepath.Ext(strings.TrimSuffix(i.data, ".gz")), ".")
	switch {
	case isDir(i.data):
		section["source"], section["experiment"] = "embeddings", i.data
	case slices.Contains([]string{"npy", "npz", "csv", "parquet", "safetensors"}, source):
		section["source"], section["path"] = source, i.data
	default:
		return mistakef("--data %s: expected a .npy, .npz, .csv, .parquet or .safetensors file, or the directory of a run with embeddings; other data are given with --set data.source=… and its keys", i.data)
	}
	i.config["data"] = section
	return nil
}

// place makes the run.
func (i *importer) place(name, outputDir string, doc *config.Document) (string, error) {
	onExists := experiment.Refuse
	if i.force {
		onExists = experiment.Overwrite
	}
	run, err := experiment.Begin(experiment.Options{OutputDir: outputDir, Name: name, OnExists: onExists})
	if errors.Is(err, experiment.ErrExists) {
		return "", mistakef("%s exists; give another name with --as, or --force replaces it", filepath.Join(outputDir, name))
	}
	if err != nil {
		return "", err
	}
	size := int64(0)
	for _, t := range checkpoint.Tensors("", i.file.Model) {
		size += int64(len(t.Tensor.Data))
	}
	err = atomicfile.WriteFile(run.Path("config.yaml"), doc.Effective())
	if err == nil {
		err = metered(i.out, "writing "+run.Final(), size, func(at func(int64)) error {
			return checkpoint.SaveThrough(run.Path("checkpoints", checkpoint.BestName), i.file, func(w io.Writer) io.Writer {
				return counting{w, summed(at)}
			})
		})
	}
	var notices []string
	if err == nil {
		notices, err = run.Publish()
	}
	ended, finishErr := run.Finish(status(err), err)
	for _, n := range slices.Concat(run.Notices(), notices, ended) {
		i.out.note(n)
	}
	if err == nil {
		err = finishErr
	}
	return run.Dir(), err
}
