package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/track"
)

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
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", v.program, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err, killed := v.follow(cmd, ended, at)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case killed || err == nil:
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitMistake {
		return mistakef("%s", lastWords(messages.String()))
	}
	return fmt.Errorf("trainer %s: %w:\n%s", strings.Join(args, " "), err, lastWords(messages.String()))
}

// follow waits for the process's end, or kills it after a step.
func (v *verifier) follow(cmd *exec.Cmd, ended <-chan error, at int64) (err error, killed bool) {
	journal := filepath.Join(v.dir, "cut", "logs", "metrics.jsonl")
	for at > 0 {
		select {
		case err := <-ended:
			return err, false
		case <-time.After(time.Millisecond):
		}
		events, err := track.ReadJournal(journal)
		if err != nil || len(events) == 0 || events[len(events)-1].Step < at {
			continue
		}
		cmd.Process.Kill() // one that has ended just now is not killed
		if err := <-ended; err == nil {
			return nil, false
		}
		if events, err = track.ReadJournal(journal); err != nil {
			return err, false
		}
		if last := events[len(events)-1].Step; last < int64(v.steps) {
			v.killed = append(v.killed, last)
		}
		return nil, true
	}
	return <-ended, false
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
