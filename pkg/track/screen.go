package track

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Terminal tells the width of the terminal that is written to.
type Terminal interface {
	// Width is in columns, asked again for every line; 0 = not known.
	Width() int
}

// Display is where and how progress is shown.
type Display struct {
	Out      io.Writer
	Terminal Terminal         // nil: Out is no terminal; plain lines without escape codes
	NoColor  bool             // no colours; the live line still moves the cursor
	Now      func() time.Time // the clock; nil is time.Now

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

func (t terminal) Width() int {
	width, _, err := term.GetSize(int(t.f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

const (
	liveEvery    = 100 * time.Millisecond // between two redraws of the live line
	plainEvery   = 5 * time.Second
	unknownWidth = 80 // columns, where the terminal does not say
)

const (
	toStart   = "\r"
	eraseRest = "\x1b[K"
	green     = "\x1b[32m"
	normal    = "\x1b[0m"
)

// screen is a Display in use: one live line at the bottom, which is redrawn, and
// lines that stay above it; without a terminal only the latter.
type screen struct {
	Display
	line  string    // the live line on the screen, "" if there is none
	drawn time.Time // when a line of progress was last written
	dead  bool      // nobody reads any more
}

func newScreen(d Display) screen {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.PlainEvery == 0 {
		d.PlainEvery = plainEvery
	}
	return screen{Display: d}
}

func (s *screen) live() bool { return s.Terminal != nil }

// due says whether it is time for another line of progress.
func (s *screen) due(now time.Time) bool {
	every := s.PlainEvery
	if s.live() {
		every = liveEvery
	}
	since := now.Sub(s.drawn)
	return !s.Quiet && !s.dead && every > 0 && (since >= every || since < 0)
}

// columns is the width that a line may have, one less than the terminal's: some
// terminals wrap when the last column is filled. 0 = no limit.
func (s *screen) columns() int {
	if !s.live() {
		return 0
	}
	width := s.Terminal.Width()
	if width <= 0 {
		width = unknownWidth
	}
	return max(1, width-1)
}

// show writes a line of progress, of the parts that fit: the live line, or a plain
// one. done is the fraction that the bar shows.
func (s *screen) show(parts []part, done float64, now time.Time) error {
	s.drawn = now
	line := fit(parts, s.columns(), done, func(bar string) string { return s.colored(green, bar) })
	if !s.live() {
		return s.write(line + "\n")
	}
	s.line = line
	return s.write(toStart + line + eraseRest)
}

// print writes lines that stay, above the live line.
func (s *screen) print(text string) error {
	if s.line == "" {
		return s.write(text + "\n")
	}
	return s.write(toStart + eraseRest + text + "\n" + s.line + eraseRest)
}

// clear takes the live line away.
func (s *screen) clear() error {
	if s.line == "" {
		return nil
	}
	s.line = ""
	return s.write(toStart + eraseRest)
}

// write is one write. When the reader has gone away, that is the end of progress
// but no error; other errors are reported, and end it as well.
func (s *screen) write(text string) error {
	if s.dead {
		return nil
	}
	_, err := io.WriteString(s.Out, text)
	if errors.Is(err, syscall.EAGAIN) {
		return nil // a slow reader misses a line
	}
	s.dead = err != nil
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, syscall.EIO) {
		return nil
	}
	return err
}

// colored puts a colour around text where colours are wanted.
func (s *screen) colored(color, text string) string {
	if !s.live() || s.NoColor {
		return text
	}
	return color + text + normal
}

// wrap joins parts by two spaces and breaks the line before a part that would not
// fit the width; the lines after the first are indented.
func wrap(parts []string, width int) string {
	var b strings.Builder
	column := 0
	for i, part := range parts {
		size := len([]rune(part))
		switch {
		case i == 0:
		case width > 0 && column+2+size > width:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteString("  ")
			column += 2
		}
		b.WriteString(part)
		column += size
	}
	return b.String()
}
