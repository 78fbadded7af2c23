// Package trainer is the whole program: Main, the commands behind it, and Register for a
// model of a user's own, compiled into a program of their own:
//
//	func main() {
//		trainer.Register("mine", model.Variant{Params: func() any { return new(Config) }, Build: build})
//		trainer.Main()
//	}
//
// The data flows one way: config.Load, dataset.Open, model.Build, experiment.Begin,
// train.Run with checkpoints and logs, infer.Run.
package trainer

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/urfave/cli/v2"
)

// Main runs the command that the process was started with, and ends the process with
// its exit code.
func Main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the program without the process around it.
func run(args []string, stdout, stderr io.Writer) (code int) {
	ctx, terminated, stop := interruptible()
	defer stop()
	// A closed terminal or a broken pipe ends no run.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	defer func() {
		if p := recover(); p != nil {
			tellBug(stderr, p)
			code = exitFailed
		}
	}()
	app := newApp(stdout, stderr)
	ordered, err := flagsFirst(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	if err != nil {
		tell(stderr, err)
	}
	return exitCode(err, terminated())
}

// interruptible is a context that the first SIGINT or SIGTERM ends; the second one
// has its usual effect.
func interruptible() (ctx context.Context, terminated func() bool, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	var byTerm atomic.Bool
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			byTerm.Store(s == syscall.SIGTERM)
			signal.Stop(signals)
			cancel(&bySignal{s})
		case <-ctx.Done():
		}
	}()
	return ctx, byTerm.Load, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:  "trainer",
		Usage: "train VAEs, SAEs and custom models on libtorch; extract embeddings; predict",
		Description: "A run is described by one YAML file, CONFIG, and lives in one folder, DIR: {output_dir}/{name}. " +
			"Options stand before or after the argument. Results go to stdout, messages and progress to stderr.\n\n" +
			"Exit codes: 0 done; 1 failed; 2 a mistake in the arguments, the config or a file; " +
			"130 or 143 interrupted by SIGINT or SIGTERM.",
		Writer: stdout, ErrWriter: stderr,
		HideVersion: true, HideHelpCommand: true,
		DisableSliceFlagSeparator: true, UseShortOptionHandling: false,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
		Action:         noCommand,
		Commands: slices.Concat(
			group("Prepare",
				initCommand(),
				validateCommand(),
				doctorCommand()),
			group("Train",
				trainCommand(),
				resumeCommand(),
				sweepCommand(),
				verifyCommand()),
			group("Use a trained model",
				extractCommand(),
				predictCommand(),
				evaluateCommand(),
				pageCommand(),
				inspectCommand(),
				exportCommand(),
				importCommand()),
			group("Keep many runs",
				listCommand(),
				showCommand(),
				compareCommand(),
				cleanCommand(),
				archiveCommand(),
				restoreCommand(),
				syncCommand()),
			group("Editors and shells",
				schemaCommand(),
				completionCommand(),
				versionCommand()),
		),
	}
	for _, c := range app.Commands {
		c.OnUsageError = usageError
	}
	withHelp(app)
	return app
}

func usageError(_ *cli.Context, err error, _ bool) error {
	return mistakef("%v; see `trainer --help`", err)
}

func noCommand(c *cli.Context) error {
	if c.Args().Len() == 0 {
		return cli.ShowAppHelp(c)
	}
	return mistakef("%q is not a command; the commands are %s; see `trainer --help`", c.Args().First(), commands(c.App))
}
