package track

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"
)

const (
	liveEvery    = 100 * time.Millisecond // between two redraws of the live block
	plainEvery   = 5 * time.Second
	unknownWidth = 80 // columns, where the terminal does not say
)

const (
	toStart    = "\r"
	eraseRest  = "\x1b[K"
	eraseBelow = "\x1b[J"
	upLines    = "\x1b[%dA"
	noWrap     = "\x1b[?7l" // a line that is too long is cut off
	wraps      = "\x1b[?7h"
	green      = "\x1b[32m"
	normal     = "\x1b[0m"
)

// screen is a Display in use: a live block of one or two lines at the bottom, which is
// redrawn, and lines that stay above it; without a terminal only the latter.
//
// The cursor rests on the first character of the block: however the terminal lays its
// lines out anew when its size changes, the cursor stays there, and what is drawn next
// covers all that is left of the block.
type screen struct {
	Display
	block []string  // the live lines on the screen, none if there is no block
	drawn time.Time // when a line of progress was last written
	dead  bool      // nobody reads any more
	stop  func()    // ends the watch on the terminal's size; nil where there is none
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

// watch calls redraw when the terminal's size has changed.
func (s *screen) watch(redraw func()) {
	if s.live() && !s.Quiet {
		s.stop = s.Terminal.Watch(redraw)
	}
}

// due says whether it is time for another line of progress.
func (s *screen) due(now time.Time) bool {
	every := s.PlainEvery
	if s.live() {
		every = liveEvery
	}
	since := now.Sub(s.drawn)
	return !s.Quiet && !s.dead && every > 0 && (since >= every || since < 0)
}

// size is the width that a line may have, one less than the terminal's, since some
// terminals wrap when the last column is filled, and the terminal's height. 0 = no limit.
func (s *screen) size() (columns, lines int) {
	if !s.live() {
		return 0, 0
	}
	columns, lines = s.Terminal.Size()
	if columns <= 0 {
		columns = unknownWidth
	}
	return max(1, columns-1), lines
}

// columns is the width that a line may have; 0 = no limit.
func (s *screen) columns() int {
	columns, _ := s.size()
	return columns
}

// show writes progress, of the parts that fit: the live block, or a plain line. done is
// the fraction that the bar shows.
func (s *screen) show(rows [][]part, done float64, now time.Time) error {
	s.drawn = now
	columns, lines := s.size()
	block := lay(rows, columns, lines, done, func(bar string) string { return s.colored(green, bar) })
	if !s.live() {
		return s.write(strings.Join(block, "\n") + "\n")
	}
	s.block = block
	return s.write(s.drawing())
}

// drawing writes the block over what stands at the cursor, and goes back to its start.
func (s *screen) drawing() string {
	if len(s.block) == 0 {
		return ""
	}
	text := toStart + noWrap + strings.Join(s.block, eraseRest+"\n") + eraseBelow + wraps + toStart
	if above := len(s.block) - 1; above > 0 {
		text += fmt.Sprintf(upLines, above)
	}
	return text
}

// print writes lines that stay, above the block.
func (s *screen) print(text string) error {
	if len(s.block) == 0 {
		return s.write(text + "\n")
	}
	return s.write(toStart + eraseBelow + text + "\n" + s.drawing())
}

// clear takes the block away.
func (s *screen) clear() error {
	if len(s.block) == 0 {
		return nil
	}
	s.block = nil
	return s.write(toStart + eraseBelow)
}

// close takes the block away for good.
func (s *screen) close() error {
	if s.stop != nil {
		s.stop()
	}
	return s.clear()
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
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteString("  ")
			column += 2
		}
		b.WriteString(part)
		column += size
	}
	return b.String()
}
