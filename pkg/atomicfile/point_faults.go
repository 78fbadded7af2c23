//go:build faults

package atomicfile

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// plan is what the environment asks for:
//
//	TRAINER_FAULT=kill@12        SIGKILL at the 12th point
//	TRAINER_FAULT=ENOSPC@3       the 3rd point fails; EIO and EDQUOT too
//	TRAINER_FAULT=ENOSPC@3+      and so do all after it
//	TRAINER_FAULT_ONLY=REGEXP    counts only the points whose "op path" matches
//	TRAINER_POINTS=FILE          gets a line "op path" for each counted point, with
//	                             "fault " before it where the fault struck
type plan struct {
	mu      sync.Mutex
	kill    bool
	errno   syscall.Errno
	at      int
	onwards bool
	only    *regexp.Regexp
	log     *os.File
	seen    int
}

var errnos = map[string]syscall.Errno{"ENOSPC": syscall.ENOSPC, "EIO": syscall.EIO, "EDQUOT": syscall.EDQUOT}

var thePlan = sync.OnceValue(func() *plan {
	p := &plan{only: regexp.MustCompile(os.Getenv("TRAINER_FAULT_ONLY"))}
	if fault := os.Getenv("TRAINER_FAULT"); fault != "" {
		kind, at, _ := strings.Cut(fault, "@")
		at, p.onwards = strings.CutSuffix(at, "+")
		var known bool
		var err error
		p.kill = kind == "kill"
		p.errno, known = errnos[kind]
		if p.at, err = strconv.Atoi(at); err != nil || !known && !p.kill {
			panic(fmt.Sprintf("TRAINER_FAULT is %q, expected kill@N, ENOSPC@N, EIO@N or EDQUOT@N", fault))
		}
	}
	if name := os.Getenv("TRAINER_POINTS"); name != "" {
		var err error
		if p.log, err = os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			panic(err)
		}
	}
	return p
})

// Point counts a step that changes the disk, and kills the process or answers an
// error where the plan says so.
func Point(op, path string) error {
	p := thePlan()
	p.mu.Lock()
	defer p.mu.Unlock()
	line := op + " " + path
	if !p.only.MatchString(line) {
		return nil
	}
	p.seen++
	strikes := p.at > 0 && (p.seen == p.at || p.onwards && p.seen > p.at)
	if p.log != nil {
		if strikes {
			line = "fault " + line
		}
		fmt.Fprintln(p.log, line)
	}
	switch {
	case !strikes:
		return nil
	case p.kill:
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal comes
	}
	return &os.PathError{Op: op, Path: path, Err: p.errno}
}

// Write appends p to f in two halves, with a point before each: the second can make
// it a short write.
func Write(f *os.File, path string, p []byte) (int, error) {
	if err := Point("write", path); err != nil {
		return 0, err
	}
	n, err := f.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	if err := Point("rest", path); err != nil {
		return n, err
	}
	rest, err := f.Write(p[len(p)/2:])
	return n + rest, err
}
