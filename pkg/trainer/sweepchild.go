package trainer

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/track"
)

// trainAll does what is planned, several runs at a time. A run that fails stops no other
// one. When ctx ends, the runs that train save and stop, and no other begins.
func trainAll(ctx context.Context, out *console, o sweepOptions, folder string, trials []*trial) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	s := &sweeper{ctx: ctx, out: out, program: program, folder: folder, retry: o.retry, total: len(trials)}
	for _, t := range trials {
		if t.plan == planTrain || t.plan == planResume {
			s.todo = append(s.todo, t)
		} else {
			s.ended++
		}
	}
	var workers sync.WaitGroup
	for range min(o.jobs, len(s.todo)) {
		workers.Go(s.work)
	}
	workers.Wait()
	return nil
}

// sweeper hands the runs to its workers.
type sweeper struct {
	ctx             context.Context
	out             *console
	program, folder string
	retry           bool

	mu    sync.Mutex // of what follows, and of what is printed
	todo  []*trial
	ended int
	total int
}

// work trains one run after the other. Its thread is its own: a child of a thread that
// ends is told to stop, so that killing the sweep leaves no run behind.
func (s *sweeper) work() {
	runtime.LockOSThread()
	for t := s.next(); t != nil; t = s.next() {
		s.train(t)
	}
}

func (s *sweeper) next() *trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.todo) == 0 || s.ctx.Err() != nil {
		return nil
	}
	t := s.todo[0]
	s.todo = s.todo[1:]
	return t
}

// train trains or resumes a run; with --retry, one that fails is tried once more.
func (s *sweeper) train(t *trial) {
	began := time.Now()
	s.say("%s: %s", t.name, map[string]string{planTrain: "training", planResume: "resuming"}[t.plan])
	err := s.once(t, t.plan)
	if err != nil && s.retry && s.ctx.Err() == nil {
		s.say("%s: failed, once more: %v", t.name, err)
		err = s.once(t, planTrain)
	}
	t.look()
	if err != nil && s.ctx.Err() == nil {
		t.state = experiment.Failed
		if t.err == "" {
			t.err = err.Error()
		}
	}
	text := t.state
	switch {
	case t.err != "":
		text += ": " + t.err
	case t.state == "":
		t.state = experiment.Interrupted
		text = "stopped before its first checkpoint"
	case t.run != nil:
		text += ", " + t.run.Monitor + " " + t.run.Short("best")
	}
	s.mu.Lock()
	s.ended++
	ended := s.ended
	s.mu.Unlock()
	s.say("[%d/%d] %s: %s, %s", ended, s.total, t.name, text, track.Duration(time.Since(began)))
}

// once runs a child to its end. The error is the last thing that it said.
func (s *sweeper) once(t *trial, plan string) error {
	args := []string{"resume", t.dir}
	if plan == planTrain {
		path := filepath.Join(s.folder, t.name+".yaml")
		if err := os.WriteFile(path, t.doc.Effective(), 0o600); err != nil {
			return err
		}
		args = []string{"train", path}
	}
	cmd := exec.Command(s.program, append(args, "-q", "--no-progress", "--json")...)
	// A process group of its own: the terminal's Ctrl-C is passed on once, here.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	messages, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.program, err)
	}
	defer context.AfterFunc(s.ctx, func() { _ = cmd.Process.Signal(syscall.SIGINT) })() // one that has ended needs none
	last := s.pass(t, messages)
	if err := cmd.Wait(); err != nil && last != "" {
		return fmt.Errorf("%s", last)
	} else if err != nil {
		return fmt.Errorf("its process ended: %w", err)
	}
	return nil
}

// pass prints what a child says, with the run's name before it, and answers the last
// line.
func (s *sweeper) pass(t *trial, from io.Reader) (last string) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = strings.TrimPrefix(lines.Text(), "trainer: ")
		s.say("%s: %s", t.name, lines.Text())
	}
	_, _ = io.Copy(io.Discard, from) // after a line that is too long
	return last
}

func (s *sweeper) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.info(format, args...)
}
