package track

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// training plays 3 epochs of 400 steps, 10 ms each, with 128 samples a step, and
// stops in the middle of the third.
func training(c *clock, log func(Event)) {
	for step := int64(1); step <= 1000; step++ {
		c.pass(10 * time.Millisecond)
		e := Event{Kind: KindStep, Step: step, Epoch: (step-1)/400 + 1, Samples: 128 * step}
		if step%50 == 0 {
			e.Values = []Value{{"train/loss", 200 / float64(step+10)}, {"train/recon", 150 / float64(step)}, {"train/kl", 0.05 * float64(step)},
				{"lr", 1e-3}, {"train/beta", 4}, {"train/mse", 0.01}}
		}
		log(e)
		if step%400 == 0 {
			c.pass(2 * time.Second) // evaluation
			log(Event{Kind: KindEpoch, Step: step, Epoch: step / 400, Took: 6 * time.Second, Best: step == 400,
				Values: []Value{{"train/loss", 12.345}, {"train/recon", 10.1}, {"val/loss", 13.25}, {"lr", 1e-3}}})
		}
		if step == 500 {
			log(Event{Kind: KindNote, Text: "warning: slow disk"})
		}
	}
}

func TestLiveBlockFitsTheTerminal(t *testing.T) {
	screens := map[int]string{
		40: `epoch 1/3  step 400  train/loss 12.35
  train/recon 10.10  val/loss 13.25
  lr 0.001  6.0s  best
warning: slow disk
epoch 2/3  step 800  train/loss 12.35
  train/recon 10.10  val/loss 13.25
  lr 0.001  6.0s
epoch 3/3   82%  loss 0.2083  ETA 2.9s
  step  991/1200  12.8k samples/s`,
		80: `epoch 1/3  step 400  train/loss 12.35  train/recon 10.10  val/loss 13.25
  lr 0.001  6.0s  best
warning: slow disk
epoch 2/3  step 800  train/loss 12.35  train/recon 10.10  val/loss 13.25
  lr 0.001  6.0s
epoch 3/3  [==========>  ]   82%  loss 0.2083  recon 0.1579  kl 47.50  ETA 2.9s
  step  991/1200  lr 0.001  12.8k samples/s  beta 4.000`,
		200: `epoch 1/3  step 400  train/loss 12.35  train/recon 10.10  val/loss 13.25  lr 0.001  6.0s  best
warning: slow disk
epoch 2/3  step 800  train/loss 12.35  train/recon 10.10  val/loss 13.25  lr 0.001  6.0s
epoch 3/3  [========================>     ]   82%  loss 0.2083  recon 0.1579  kl 47.50  ETA 2.9s  step  991/1200  lr 0.001  12.8k samples/s  beta 4.000`,
	}
	for _, width := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			c := &clock{noon()}
			term := newTerminal(width)
			p := NewProgress(Display{Out: term, Terminal: term, Now: c.now}, Plan{Epochs: 3, Steps: 1200})
			training(c, func(e Event) {
				if err := p.Log(e); err != nil {
					t.Fatal(err)
				}
			})
			wantText(t, term.Text(), screens[width])
			stay, _, _ := strings.Cut(screens[width], "\nepoch 3/3")
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			wantText(t, term.Text(), stay)
		})
	}
}

func TestAfterCloseThereAreLinesButNoBlock(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(80)
	p := NewProgress(Display{Out: term, Terminal: term, Now: c.now}, Plan{Epochs: 1, Steps: 100})
	step := func(n int64) {
		c.pass(time.Second)
		p.Log(Event{Kind: KindStep, Step: n, Epoch: 1})
	}
	step(1)
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	step(2)
	p.Log(Event{Kind: KindNote, Text: "stopping"})
	p.Log(Event{Kind: KindNote, Text: "for the log", Detail: true})
	p.Log(Event{Kind: KindEpoch, Step: 3, Epoch: 1})
	wantText(t, term.Text(), "stopping\nepoch 1/1  step 3")
}

func TestLiveBlockIsRedrawnAtMostTenTimesASecond(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(80)
	p := NewProgress(Display{Out: term, Terminal: term, Now: c.now}, Plan{Epochs: 1, Steps: 100000})
	for step := range int64(10000) { // 10 s in ms
		p.Log(Event{Kind: KindStep, Step: step, Epoch: 1})
		c.pass(time.Millisecond)
	}
	if term.writes != 100 {
		t.Errorf("%d writes in 10 s, want 100", term.writes)
	}
}

func TestNoColorLeavesColorsOut(t *testing.T) {
	for _, noColor := range []bool{false, true} {
		c := &clock{noon()}
		term := newTerminal(100)
		p := NewProgress(Display{Out: term, Terminal: term, Now: c.now, NoColor: noColor}, Plan{Epochs: 3, Steps: 1200})
		training(c, func(e Event) { p.Log(e) })
		if (term.Colors() == 0) != noColor {
			t.Errorf("NoColor %v: %d changes of colour", noColor, term.Colors())
		}
	}
}

func TestPlainLinesHaveNoEscapeCodes(t *testing.T) {
	c := &clock{noon()}
	var out bytes.Buffer
	p := NewProgress(Display{Out: &out, Now: c.now}, Plan{Epochs: 3, Steps: 1200})
	training(c, func(e Event) { p.Log(e) })
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	wantText(t, out.String(), `epoch 1/3  step 400  train/loss 12.35  train/recon 10.10  val/loss 13.25  lr 0.001  6.0s  best
warning: slow disk
epoch 2/3  step 800  train/loss 12.35  train/recon 10.10  val/loss 13.25  lr 0.001  6.0s
`)
	out.Reset()
	for step := int64(1001); step <= 1100; step++ {
		c.pass(100 * time.Millisecond)
		p.Log(Event{Kind: KindStep, Step: step, Epoch: 3, Samples: 128 * step})
	}
	wantText(t, out.String(), `epoch 3/3   85%  loss 0.1980  recon 0.1500  kl 50.00  ETA 2.8s  step 1030/1200  lr 0.001  5.87k samples/s  beta 4.000
epoch 3/3   90%  loss 0.1980  recon 0.1500  kl 50.00  ETA 2.4s  step 1080/1200  lr 0.001  3.57k samples/s  beta 4.000
`)
}

func TestPlainLinesCanBeLeftOut(t *testing.T) {
	for _, d := range []Display{{PlainEvery: -1}, {Quiet: true}} {
		c := &clock{noon()}
		var out bytes.Buffer
		d.Out, d.Now = &out, c.now
		p := NewProgress(d, Plan{Epochs: 3, Steps: 1200})
		training(c, func(e Event) { e.Values = nil; p.Log(e); c.pass(time.Second) })
		want := "epoch 1/3  step 400  6.0s  best\nwarning: slow disk\nepoch 2/3  step 800  6.0s\n"
		if d.Quiet {
			want = "warning: slow disk\n"
		}
		wantText(t, out.String(), want)
	}
}

func TestResumedRunCountsItsOwnStepsForTheTime(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(100)
	p := NewProgress(Display{Out: term, Terminal: term, Now: c.now}, Plan{Epochs: 10, Steps: 1000, From: 900})
	p.Log(Event{Kind: KindStep, Step: 900, Epoch: 10})
	if strings.Contains(term.bottom(), "ETA") || strings.Contains(term.bottom(), "samples/s") {
		t.Errorf("line %q knows more than it can", term.bottom())
	}
	c.pass(10 * time.Second)
	p.Log(Event{Kind: KindStep, Step: 920, Epoch: 10, Samples: 2000})
	if !strings.HasSuffix(term.bottom(), "  ETA 40s  step  920/1000  200 samples/s") {
		t.Errorf("line %q, want 80 steps of 0.5 s to go", term.bottom())
	}
}

func TestUnknownTotalsShowWhatIsKnown(t *testing.T) {
	c := &clock{noon()}
	term := newTerminal(80)
	p := NewProgress(Display{Out: term, Terminal: term, Now: c.now}, Plan{})
	c.pass(time.Second)
	p.Log(Event{Kind: KindStep, Step: 7, Epoch: 1, Values: []Value{{"train/loss", 2}}, Samples: 7})
	wantText(t, term.bottom(), "epoch 1  loss 2.000  step 7  7.00 samples/s")
}

func TestReaderThatGoesAwayIsNoError(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{{syscall.EPIPE, false}, {fmt.Errorf("write: %w", syscall.EPIPE), false}, {io.ErrClosedPipe, false}, {syscall.ENOSPC, true}} {
		out := &failing{err: tt.err}
		p := NewProgress(Display{Out: out}, Plan{Epochs: 1})
		err := p.Log(Event{Kind: KindEpoch, Epoch: 1})
		if errors.Is(err, tt.err) != tt.want {
			t.Errorf("%v: error %v", tt.err, err)
		}
		for range 3 {
			if err := p.Log(Event{Kind: KindNote, Text: "x"}); err != nil {
				t.Errorf("%v: second error %v", tt.err, err)
			}
		}
		if out.tried != 1 {
			t.Errorf("%v: written %d times after the first error", tt.err, out.tried-1)
		}
	}
	slow := &failing{err: syscall.EAGAIN}
	p := NewProgress(Display{Out: slow}, Plan{})
	for range 2 {
		if err := p.Log(Event{Kind: KindNote, Text: "x"}); err != nil {
			t.Errorf("a slow reader: %v", err)
		}
	}
	if slow.tried != 2 {
		t.Errorf("written %d times to a slow reader, want 2", slow.tried)
	}
}
