package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/track"
)

// bySignal is why a context ended.
type bySignal struct{ signal os.Signal }

// Error is the signal's name, such as SIGINT.
func (b *bySignal) Error() string {
	if s, ok := b.signal.(unix.Signal); ok {
		return unix.SignalName(s)
	}
	return b.signal.String()
}

// signalOf names the signal that ended a context; empty for other ends.
func signalOf(ctx context.Context) string {
	var by *bySignal
	if errors.As(context.Cause(ctx), &by) {
		return by.Error()
	}
	return ""
}

// killedMark is in the line of training.log about a run that could not tell its own end.
const killedMark = "interrupted: killed, or the machine stopped"

// noteKilled writes into the log of a run that was killed, and that could not say so
// itself, how it ended: once, by the next command that meets the run. Where the log
// cannot be written nothing is lost.
func noteKilled(info *experiment.Info) {
	if !info.Killed {
		return
	}
	path := filepath.Join(info.Dir, "logs", "training.log")
	if last, err := lastLine(path); err != nil || last == "" || strings.Contains(last, killedMark) {
		return
	}
	text := fmt.Sprintf("%s: process %d on %s gave its last sign of life at %s", killedMark, info.PID, info.Host, info.Heartbeat.Local().Format("2006-01-02 15:04:05"))
	_ = track.AppendNote(path, text)
}

// lastLine is the end of a file of text.
func lastLine(path string) (string, error) {
	const most = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	tail, err := io.ReadAll(io.NewSectionReader(f, max(0, size-most), most))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(string(tail)), "\n")
	return lines[len(lines)-1], nil
}
