package track

import (
	"fmt"
	"sync"
	"time"
)

// Meter shows how far a long piece of work is, such as an extraction: on a terminal
// a live bar, elsewhere a plain line every few seconds, and at the end one line
// that stays.
type Meter struct {
	mu    sync.Mutex
	s     screen
	label string // what is being done
	unit  string // what is counted, such as rows
	total int64
	done  int64
	began time.Time
	over  bool
}

const (
	besideLabel = 18 // columns of "  100%  ETA 59m59s"
	shortLabel  = 8  // columns that a label has at least
)

// cut shortens a text to n columns.
func cut(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// NewMeter shows work on total units (0 = not known) that begins now.
func NewMeter(d Display, label, unit string, total int64) *Meter {
	m := &Meter{s: newScreen(d), label: label, unit: unit, total: total}
	m.began = m.s.Now()
	if !m.s.live() {
		m.s.drawn = m.began
	}
	m.s.watch(m.redraw)
	return m
}

// Set says how many units are done. It is cheap to call often. An error of the
// output is returned once.
func (m *Meter) Set(done int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = done
	now := m.s.Now()
	if m.over || !m.s.due(now) {
		return nil
	}
	return m.show(now)
}

func (m *Meter) show(now time.Time) error {
	return m.s.show([][]part{m.parts(now)}, fraction(m.done, m.total), now)
}

// redraw fits the bar to the terminal's new size.
func (m *Meter) redraw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.s.block) > 0 {
		_ = m.show(m.s.Now()) // told at the next Set
	}
}

// Note writes a sentence for people above the bar.
func (m *Meter) Note(text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.s.print(oneLine(text))
}

// Abort takes the bar away without a word, where an error is told instead.
func (m *Meter) Abort() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = true
	return m.s.close()
}

// Close replaces the bar by a line that says what was done.
func (m *Meter) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return nil
	}
	m.over = true
	if err := m.s.close(); err != nil || m.s.Quiet {
		return err
	}
	took := m.s.Now().Sub(m.began)
	parts := []string{m.label, fmt.Sprintf("%d %s in %s", m.done, m.unit, Duration(took))}
	if rate := m.rate(took); rate > 0 {
		parts = append(parts, fmt.Sprintf("%s %s/s", Count(rate), m.unit))
	}
	return m.s.print(wrap(parts, m.s.columns()))
}

func (m *Meter) parts(now time.Time) []part {
	took := now.Sub(m.began)
	label := m.label
	if columns := m.s.columns(); columns > 0 {
		label = cut(label, max(shortLabel, columns-besideLabel))
	}
	parts := []part{{0, label}}
	if m.total > 0 {
		parts = append(parts, part{3, barName}, part{1, percent(fraction(m.done, m.total))})
	}
	parts = append(parts, part{4, counter(m.unit, m.done, m.total)})
	rate := m.rate(took)
	if rate > 0 {
		parts = append(parts, part{5, fmt.Sprintf("%s %s/s", Count(rate), m.unit)})
	}
	pace := newPace(0, m.began)
	if left, ok := pace.left(m.done, m.total, now); ok {
		parts = append(parts, part{2, "ETA " + Duration(left)})
	}
	return parts
}

// rate is the units a second; 0 = not known.
func (m *Meter) rate(took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(m.done) / took.Seconds()
}
