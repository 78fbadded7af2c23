package track

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// machine are the values that a run on a GPU reports beside its metrics.
var machine = []Value{{"system/gpu_0_utilization_percentage", 86.6}, {"system/gpu_0_memory_usage_megabytes", 20040},
	{"system/gpu_0_power_usage_watts", 349.8}, {"system/gpu_0_temperature_celsius", 61}}

func gigabyte() int64 { return 1_234_000_000 }

// block checks that all that is on the screen below the lines that stay is a whole
// block: one or two rows that begin and fit as they must.
func checkBlock(t *testing.T, at string, term *fakeTerminal, stay []string) {
	t.Helper()
	lines := term.Lines()
	if len(lines) < len(stay) || !slices.Equal(lines[:len(stay)], stay) {
		t.Fatalf("%s: the lines that stay are\n%s\nwant\n%s", at, strings.Join(lines, "\n"), strings.Join(stay, "\n"))
	}
	block := lines[len(stay):]
	if len(block) == 0 || len(block) > 2 || !strings.HasPrefix(block[0], "epoch") || len(block) == 2 && !strings.HasPrefix(block[1], indent) {
		t.Fatalf("%s: the block is\n%s", at, strings.Join(block, "\n"))
	}
	for _, line := range block {
		if n := len([]rune(line)); n >= term.width {
			t.Errorf("%s: %d columns of %d are filled by %q", at, n, term.width, line)
		}
	}
}

// Whatever the size of the terminal becomes while a run is shown, its lines stay and
// nothing of an earlier block is left.
func TestResizeLeavesNothingOfTheBlockAndAllOfTheLines(t *testing.T) {
	for _, reflow := range []bool{true, false} {
		c := &clock{noon()}
		term := newTerminalOf(200, 24, reflow)
		p := NewProgress(Display{Out: term, Terminal: term, Now: c.now, Memory: gigabyte}, Plan{Epochs: 900, Steps: 9000})
		var stay []string
		step := int64(0)
		advance := func(at string) {
			c.pass(time.Second)
			step++
			p.Log(Event{Kind: KindStep, Step: step, Epoch: step, Samples: 128 * step,
				Values: append([]Value{{"train/loss", 1}, {"train/recon", 2}, {"train/kl", 3}, {"lr", 1e-3}}, machine...)})
			checkBlock(t, at, term, stay)
			p.Log(Event{Kind: KindEpoch, Step: step, Epoch: step})
			stay = append(stay, fmt.Sprintf("epoch %3d/900  step %d", step, step))
			checkBlock(t, at+", next epoch", term, stay)
		}
		advance("200 columns")
		for _, size := range [][2]int{{80, 24}, {40, 24}, {200, 24}, {39, 10}, {25, 8}, {120, 4}, {80, 5}, {40, 6}, {200, 50}} {
			term.resize(size[0], size[1])
			at := fmt.Sprintf("reflow %v, resized to %v", reflow, size)
			checkBlock(t, at, term, stay)
			advance(at)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if lines := term.Rows(); !slices.Equal(lines, stay) {
			t.Errorf("at the end there is\n%s", strings.Join(lines, "\n"))
		}
		if term.changed != nil {
			t.Error("the terminal is still watched after Close")
		}
	}
}

// A block that was drawn for another width, because the terminal changed in between, is
// cut off and not wrapped, so that the next one covers it.
func TestBlockForAnotherWidthDoesNotWrap(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(200)
	p := NewProgress(Display{Out: term, Terminal: term, Now: c.now, Memory: gigabyte}, Plan{Epochs: 2, Steps: 10})
	p.Log(Event{Kind: KindNote, Text: "a note"})
	term.Resize(30, 24) // nobody knows yet
	p.Log(Event{Kind: KindStep, Step: 5, Epoch: 1, Values: append([]Value{{"train/loss", 1}, {"train/recon", 2}}, machine...)})
	if rows := term.Rows(); len(rows) != 2 || !strings.HasPrefix(rows[1], "epoch 1/2  [") {
		t.Errorf("the screen shows\n%s", term.Text())
	}
	term.resize(30, 24)
	checkBlock(t, "resized", term, []string{"a note"})
}

func TestBlockHasTwoLinesOnlyWhereOneDoesNotSuffice(t *testing.T) {
	blocks := map[[2]int]string{
		{200, 24}: "epoch 1/2  [========================>     ]   80%  loss 1.000  recon 2.000  kl 3.000  ETA 2.5s  step  8/10  lr 0.001  100 samples/s  RAM 1.2 GB  GPU 87% 20.0 GB  350 W 61 °C  beta 4.000",
		{80, 24}: "epoch 1/2  [============>  ]   80%  loss 1.000  recon 2.000  kl 3.000  ETA 2.5s\n" +
			"  step  8/10  lr 0.001  100 samples/s  RAM 1.2 GB  GPU 87% 20.0 GB  350 W 61 °C",
		{40, 24}: "epoch 1/2   80%  loss 1.000  ETA 2.5s\n  step  8/10  lr 0.001  100 samples/s",
		{80, 4}:  "epoch 1/2  [========>  ]   80%  loss 1.000  ETA 2.5s  step  8/10  100 samples/s", // hardly any lines to spare
		{12, 24}: "epoch 1/2\n  100 sampl",
		{3, 24}:  "ep",
	}
	for size, want := range blocks {
		c := &clock{noon()}
		term := newTerminalOf(size[0], size[1], true)
		p := NewProgress(Display{Out: term, Terminal: term, Now: c.now, NoColor: true, Memory: gigabyte}, Plan{Epochs: 2, Steps: 10})
		c.pass(10 * time.Second)
		p.Log(Event{Kind: KindStep, Step: 8, Epoch: 1, Samples: 1000, Values: append([]Value{
			{"train/loss", 1}, {"train/recon", 2}, {"train/kl", 3}, {"train/beta", 4}, {"train/fifth", 5}, {"lr", 1e-3}}, machine...)})
		if got := term.Text(); got != want {
			t.Errorf("%v: got\n%s\nwant\n%s", size, got, want)
		}
	}
}

func TestTerminalThatDoesNotTellItsSizeIsTakenFor80Columns(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(200)
	term.width, term.height = 0, 0
	p := NewProgress(Display{Out: term, Terminal: term, Now: c.now, Memory: gigabyte}, Plan{Epochs: 2, Steps: 10})
	p.Log(Event{Kind: KindStep, Step: 5, Epoch: 1, Values: append([]Value{{"train/loss", 1}, {"train/recon", 2}}, machine...)})
	rows := term.Rows()
	if len(rows) != 2 || len(rows[0]) < 40 || len(rows[0]) > 79 {
		t.Errorf("the screen shows\n%s", term.Text())
	}
}

func TestLongLabelLeavesRoomForHowFarTheWorkIs(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(40)
	m := NewMeter(Display{Out: term, Terminal: term, Now: c.now}, "verifying experiments/vae/baseline.tar.zst", "MB", 50000)
	c.pass(2 * time.Second)
	m.Set(10000)
	wantText(t, term.Text(), "verifying experiment…   20%  ETA 8.0s")
	term.resize(12, 24)
	wantText(t, term.Text(), "verifyi…")
	term.resize(200, 24)
	if !strings.HasPrefix(term.Text(), "verifying experiments/vae/baseline.tar.zst  [") {
		t.Error(term.Text())
	}
}

func TestBarOfAMeterFollowsTheWidth(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(100)
	m := NewMeter(Display{Out: term, Terminal: term, Now: c.now}, "train embeddings", "rows", 50000)
	m.Note("a note")
	c.pass(2 * time.Second)
	m.Set(10000)
	term.resize(40, 24)
	wantText(t, term.Text(), "a note\ntrain embeddings   20%  ETA 8.0s")
	m.Close()
	if term.changed != nil {
		t.Error("the terminal is still watched after Close")
	}
}
