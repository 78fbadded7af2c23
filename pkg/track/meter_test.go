package track

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMeterShowsABarAndEndsWithALine(t *testing.T) {
	frames := map[int]string{
		40:  "train embeddings   20%  ETA 8.0s",
		80:  "train embeddings  [==>        ]   20%  rows 10000/50000  5.00k rows/s  ETA 8.0s",
		200: "train embeddings  [======>                       ]   20%  rows 10000/50000  5.00k rows/s  ETA 8.0s",
	}
	for _, width := range []int{40, 80, 200} {
		c := &clock{noon()}
		term := newTerminal(width)
		m := NewMeter(Display{Out: term, Terminal: term, Now: c.now}, "train embeddings", "rows", 50000)
		m.Set(0)
		c.pass(2 * time.Second)
		m.Set(10000)
		wantText(t, term.Text(), frames[width])
		m.Note("a note")
		wantText(t, term.Text(), "a note\n"+frames[width])
		c.pass(8 * time.Second)
		m.Set(50000)
		m.Close()
		m.Set(50000)
		m.Close()
		end := "a note\ntrain embeddings  50000 rows in 10s  5.00k rows/s\n"
		if width == 40 {
			end = strings.Replace(end, "  5.00k", "\n  5.00k", 1)
		}
		wantText(t, term.Text(), strings.TrimSuffix(end, "\n"))
	}
}

func TestMeterWithoutTerminalWritesPlainLines(t *testing.T) {
	c := &clock{noon()}
	var out bytes.Buffer
	m := NewMeter(Display{Out: &out, Now: c.now}, "test predictions", "rows", 100)
	for done := int64(1); done <= 100; done++ {
		c.pass(110 * time.Millisecond)
		m.Set(done)
	}
	m.Close()
	wantText(t, out.String(), `test predictions   46%  rows  46/100  9.09 rows/s  ETA 5.9s
test predictions   92%  rows  92/100  9.09 rows/s  ETA 0.9s
test predictions  100 rows in 11s  9.09 rows/s
`)
}

func TestDisplayOfAFileIsPlain(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, env := range []string{"", "1"} {
		d := DisplayOn(f, func(key string) string { return map[string]string{"NO_COLOR": env}[key] })
		if d.Terminal != nil || d.NoColor != (env != "") {
			t.Errorf("NO_COLOR=%q: terminal %v, no colours %v", env, d.Terminal, d.NoColor)
		}
	}
}
