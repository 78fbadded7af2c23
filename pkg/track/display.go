package track

import (
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Terminal is the terminal that is written to.
type Terminal interface {
	// Size is in columns and lines, asked again for every block; 0 = not known.
	Size() (columns, lines int)
	// Watch calls changed after each change of the size, until stop is called.
	Watch(changed func()) (stop func())
}

// Display is where and how progress is shown.
type Display struct {
	Out      io.Writer
	Terminal Terminal         // nil: Out is no terminal; plain lines without escape codes
	NoColor  bool             // no colours; the live block still moves the cursor
	Now      func() time.Time // the clock; nil is time.Now

	// Memory is what the process holds, in bytes, asked once a second; nil = not shown.
	Memory func() int64
	// PlainEvery is the time between two plain lines within an epoch; 0 = 5 s,
	// negative = none.
	PlainEvery time.Duration
	// Quiet leaves nothing but notes.
	Quiet bool
}

// DisplayOn is the display for a file such as os.Stderr. It is a terminal where the
// system says so and TERM is not dumb; NO_COLOR, if not empty, turns colours off.
func DisplayOn(f *os.File, getenv func(string) string) Display {
	d := Display{Out: f, NoColor: getenv("NO_COLOR") != ""}
	if term.IsTerminal(int(f.Fd())) && getenv("TERM") != "dumb" {
		d.Terminal = terminal{f}
	}
	return d
}

type terminal struct{ f *os.File }

func (t terminal) Size() (columns, lines int) {
	columns, lines, err := term.GetSize(int(t.f.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, lines
}

func (t terminal) Watch(changed func()) (stop func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGWINCH)
	go func() {
		for {
			select {
			case <-signals:
				changed()
			case <-done:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
	})
}
