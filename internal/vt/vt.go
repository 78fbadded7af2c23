// Package vt is a model of a terminal's screen, for tests: it takes what a program
// writes and tells what a person then sees. It knows what the programs here use:
// carriage return, line feed, text, and the sequences that erase, move up and turn
// automatic wrapping off and on; colours are counted. What it does not know panics.
package vt

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Screen is a terminal with the lines that scrolled away. It is an io.Writer that may
// be used from several goroutines.
type Screen struct {
	mu            sync.Mutex
	width, height int
	reflow        bool
	rows          []row
	x, y          int // of the cursor; y counts from the first row ever written
	noWrap        bool
	pending       bool // the last column is filled: the next character wraps
	rest          []byte
	colors        int
}

// row is one row of the screen.
type row struct {
	cells []rune
	wraps bool // its text goes on in the next row
}

// New is an empty screen. With reflow it lays wrapped lines out anew when its width
// changes, as most terminals do; else it cuts them off, as xterm does.
func New(width, height int, reflow bool) *Screen {
	return &Screen{width: width, height: height, reflow: reflow, rows: make([]row, 1)}
}

// Write shows a part of a program's output.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := append(s.rest, p...)
	for len(text) > 0 {
		n := s.next(text)
		if n == 0 {
			break // the sequence or the character is not complete
		}
		text = text[n:]
	}
	s.rest = append([]byte(nil), text...)
	return len(p), nil
}

// next shows what the text begins with, and answers its length.
func (s *Screen) next(text []byte) int {
	switch text[0] {
	case '\r':
		s.x, s.pending = 0, false
		return 1
	case '\n':
		s.down()
		return 1
	case 0x1b:
		return s.sequence(string(text))
	}
	if !utf8.FullRune(text) {
		return 0
	}
	r, n := utf8.DecodeRune(text)
	s.put(r)
	return n
}

// down goes to the next row; at the bottom the screen scrolls.
func (s *Screen) down() {
	s.pending = false
	if s.y++; s.y == len(s.rows) {
		s.rows = append(s.rows, row{})
	}
}

func (s *Screen) put(r rune) {
	if s.pending && !s.noWrap {
		s.rows[s.y].wraps = true
		s.down()
		s.x = 0
	}
	cells := s.rows[s.y].cells
	for len(cells) <= s.x {
		cells = append(cells, ' ')
	}
	cells[s.x] = r
	s.rows[s.y].cells = cells
	if s.x == s.width-1 {
		s.pending = true
		return
	}
	s.x++
}

// sequence obeys an escape sequence, CSI parameters final.
func (s *Screen) sequence(text string) int {
	end := strings.IndexFunc(text, func(r rune) bool { return r >= '@' && r <= '~' && r != '[' })
	if end < 0 {
		return 0
	}
	parameter, final := strings.TrimPrefix(text[:end], "\x1b["), text[end]
	n, err := strconv.Atoi(parameter)
	if err != nil {
		n = 1
	}
	switch {
	case final == 'm':
		s.colors++
	case final == 'A':
		s.y, s.pending = max(s.y-n, s.top()), false
	case final == 'K' && parameter == "":
		s.erase()
	case final == 'J' && parameter == "":
		s.erase()
		s.rows = s.rows[:s.y+1]
	case parameter == "?7" && (final == 'l' || final == 'h'):
		s.noWrap = final == 'l'
	default:
		panic(fmt.Sprintf("vt: the sequence %q is not known", text[:end+1]))
	}
	return end + 1
}

// erase empties the row from the cursor on.
func (s *Screen) erase() {
	r := &s.rows[s.y]
	r.cells, r.wraps = r.cells[:min(s.x, len(r.cells))], false
}

// top is the first row that is seen.
func (s *Screen) top() int { return max(0, len(s.rows)-s.height) }

// Resize changes the size, as a person does who drags the window's corner.
func (s *Screen) Resize(width, height int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reflow {
		s.lay(width)
	} else {
		for i := range s.rows {
			s.rows[i].cells = s.rows[i].cells[:min(width, len(s.rows[i].cells))]
		}
	}
	s.x, s.pending = min(s.x, width-1), false
	s.width, s.height = width, height
}

// lay splits the lines anew; the cursor stays on its character.
func (s *Screen) lay(width int) {
	var rows []row
	x, y := 0, 0
	for first := 0; first < len(s.rows); {
		var line []rune
		last, at := first, -1
		for ; ; last++ {
			if last == s.y {
				at = len(line) + s.x
			}
			line = append(line, s.rows[last].cells...)
			if !s.rows[last].wraps {
				break
			}
		}
		if at >= 0 {
			x, y = at%width, len(rows)+at/width
		}
		for len(line) > width {
			rows = append(rows, row{line[:width:width], true})
			line = line[width:]
		}
		rows = append(rows, row{cells: line})
		first = last + 1
	}
	for len(rows) <= y {
		rows = append(rows, row{})
	}
	s.rows, s.x, s.y = rows, x, y
}

// Rows are the rows that were ever shown and not erased, without blanks at their ends.
func (s *Screen) Rows() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []string
	for _, r := range s.rows {
		rows = append(rows, strings.TrimRight(string(r.cells), " "))
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// Lines are the rows, with those that the terminal wrapped put together.
func (s *Screen) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	goesOn := false
	for _, r := range s.rows {
		if goesOn {
			lines[len(lines)-1] += string(r.cells)
		} else {
			lines = append(lines, string(r.cells))
		}
		goesOn = r.wraps
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// Text is Rows as one text.
func (s *Screen) Text() string { return strings.Join(s.Rows(), "\n") }

// Colors counts the changes of colour.
func (s *Screen) Colors() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.colors
}
