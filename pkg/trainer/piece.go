package trainer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/gotrainer/trainer/pkg/train"
)

// killStep in the environment of a run is the step after which it kills itself, as
// kill -9 would: a step takes microseconds in small models, too few for another process
// to hit a given one.
const killStep = "TRAINER_KILL_STEP"

// mortal is an observer that kills the process after a step.
type mortal struct {
	train.Observer
	after int64
}

// observer is o, mortal where killStep says so.
func observer(o train.Observer) train.Observer {
	if after, err := strconv.ParseInt(os.Getenv(killStep), 10, 64); err == nil {
		return mortal{o, after}
	}
	return o
}

// Step passes on what is reported; checkpoints may be being written meanwhile.
func (m mortal) Step(r train.StepReport) {
	m.Observer.Step(r)
	if r.Step >= m.after {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// child trains in a process of its own, to its end, or where at is not 0 until it has
// done that many steps: then it is killed.
func (v *verifier) child(ctx context.Context, at int64, args ...string) error {
	args = append(args, "--quiet", "--no-progress")
	if args[0] == "train" {
		args = append(args, "--set", "experiment.output_dir="+quoteYAML(v.dir))
	}
	cmd := exec.CommandContext(ctx, v.program, args...)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	if at > 0 {
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", killStep, at))
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	case at > 0 && errors.As(err, &exit) && exit.ExitCode() < 0: // ended by a signal
		v.killed = append(v.killed, at)
		return nil
	case errors.As(err, &exit) && exit.ExitCode() == exitMistake:
		return mistakef("%s", lastWords(messages.String()))
	}
	return fmt.Errorf("trainer %s: %w:\n%s", strings.Join(args, " "), err, lastWords(messages.String()))
}

// quoteYAML is a text as a value of --set, whatever it has in it.
func quoteYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// lastWords are what a process said in the end, without its name in front.
func lastWords(messages string) string {
	lines := strings.Split(strings.TrimSpace(messages), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "trainer: ")
	}
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
