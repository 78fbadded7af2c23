// Command trainer trains variational autoencoders, sparse autoencoders and custom
// models on libtorch, extracts embeddings and predicts.
//
// The data flows one way: config.Load, dataset.Open, model.Build, experiment.Begin,
// train.Run with checkpoints and logs, infer.Run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/train"
)

// Exit codes; they are in the help of the program.
const (
	exitDone       = 0
	exitFailed     = 1
	exitMistake    = 2
	exitInterrupt  = 130
	exitTerminated = 143
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the program without the process around it.
func run(args []string, stdout, stderr io.Writer) int {
	// A closed terminal or a broken pipe ends no run.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	ctx, terminated, stop := interruptible()
	defer stop()
	app := newApp(stdout, stderr)
	ordered, err := flagsFirst(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	code := exitCode(err, terminated())
	if code != exitDone && code != exitInterrupt && code != exitTerminated {
		fmt.Fprintln(stderr, "trainer: "+err.Error())
	}
	return code
}

// interruptible is a context that the first SIGINT or SIGTERM ends; the second one
// has its usual effect.
func interruptible() (ctx context.Context, terminated func() bool, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	var byTerm atomic.Bool
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		if s, ok := <-signals; ok {
			byTerm.Store(s == syscall.SIGTERM)
			signal.Stop(signals)
			cancel()
		}
	}()
	return ctx, byTerm.Load, func() {
		signal.Stop(signals)
		cancel()
	}
}

func exitCode(err error, terminated bool) int {
	var user interface{ UserError() bool }
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, train.ErrInterrupted), errors.Is(err, context.Canceled):
		if terminated {
			return exitTerminated
		}
		return exitInterrupt
	case errors.As(err, &user) && user.UserError():
		return exitMistake
	}
	return exitFailed
}

// mistake is an error of the command line.
type mistake string

func (m mistake) Error() string   { return string(m) }
func (m mistake) UserError() bool { return true }

func mistakef(format string, args ...any) error { return mistake(fmt.Sprintf(format, args...)) }

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:  "trainer",
		Usage: "train VAEs, SAEs and custom models on libtorch; extract embeddings; predict",
		Description: "A run is described by one YAML file and lives in one folder, {output_dir}/{name}.\n" +
			"Results go to stdout, messages and progress to stderr.\n\n" +
			"Exit codes: 0 done; 1 failed; 2 a mistake in the config, the arguments or a file;\n" +
			"130 or 143 interrupted by SIGINT or SIGTERM.",
		Writer: stdout, ErrWriter: stderr,
		HideVersion: true, HideHelpCommand: true,
		DisableSliceFlagSeparator: true, UseShortOptionHandling: false,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
		Action:         noCommand,
		Commands: []*cli.Command{
			trainCommand(), extractCommand(), predictCommand(), validateCommand(), inspectCommand(), versionCommand(),
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = usageError
	}
	return app
}

func usageError(_ *cli.Context, err error, _ bool) error {
	return mistakef("%v; see `trainer --help`", err)
}

func noCommand(c *cli.Context) error {
	if c.Args().Len() == 0 {
		return cli.ShowAppHelp(c)
	}
	return mistakef("%q is not a command; see `trainer --help`", c.Args().First())
}
