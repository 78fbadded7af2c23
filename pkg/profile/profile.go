// Package profile reads a Chrome trace as PyTorch's profiler writes it, and adds up where
// the time went: ops on the CPU by the time that they spent themselves, without the ops
// that they called, and kernels on the GPU.
package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Cost is what all calls of one op, or runs of one kernel, cost together.
type Cost struct {
	Name  string
	Calls int
	Self  time.Duration // without what it called
	Total time.Duration
}

// Profile is a recording of some steps, the dearest first.
type Profile struct {
	Ops     []Cost        // on the CPU
	Kernels []Cost        // on the GPU, copies and fills included
	Wall    time.Duration // from the first op to the end of the last
}

// event is a line of the trace; times are in microseconds.
type event struct {
	Phase    string `json:"ph"`
	Category string `json:"cat"`
	Name     string
	PID, TID json.RawMessage
	TS, Dur  float64
}

// Read adds up a trace.
func Read(r io.Reader) (Profile, error) {
	var trace struct{ TraceEvents []event }
	if err := json.NewDecoder(r).Decode(&trace); err != nil {
		return Profile{}, fmt.Errorf("read trace: %w", err)
	}
	ops, kernels := map[string]*Cost{}, map[string]*Cost{}
	threads := map[string][]event{}
	var first, last float64
	for _, e := range trace.TraceEvents {
		if e.Phase != "X" {
			continue
		}
		switch e.Category {
		case "cpu_op":
			thread := string(e.PID) + "/" + string(e.TID)
			threads[thread] = append(threads[thread], e)
			if first == 0 || e.TS < first {
				first = e.TS
			}
		case "kernel", "gpu_memcpy", "gpu_memset":
			add(kernels, e.Name, e.Dur, e.Dur)
		default:
			continue
		}
		last = max(last, e.TS+e.Dur)
	}
	for _, events := range threads {
		addSelf(ops, events)
	}
	return Profile{Ops: sorted(ops), Kernels: sorted(kernels), Wall: micros(last - first)}, nil
}

// addSelf adds the ops of one thread, where calls lie inside their callers.
func addSelf(costs map[string]*Cost, events []event) {
	slices.SortStableFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.TS, b.TS), cmp.Compare(b.Dur, a.Dur))
	})
	type open struct {
		event
		inner float64
	}
	var stack []open
	leave := func() {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		add(costs, top.Name, max(0, top.Dur-top.inner), top.Dur)
		if len(stack) > 0 {
			stack[len(stack)-1].inner += top.Dur
		}
	}
	for _, e := range events {
		for len(stack) > 0 && e.TS >= stack[len(stack)-1].TS+stack[len(stack)-1].Dur {
			leave()
		}
		stack = append(stack, open{event: e})
	}
	for len(stack) > 0 {
		leave()
	}
}

func add(costs map[string]*Cost, name string, self, total float64) {
	c := costs[name]
	if c == nil {
		c = &Cost{Name: name}
		costs[name] = c
	}
	c.Calls++
	c.Self += micros(self)
	c.Total += micros(total)
}

func sorted(costs map[string]*Cost) []Cost {
	var all []Cost
	for _, c := range costs {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Cost) int {
		return cmp.Or(cmp.Compare(b.Self, a.Self), cmp.Compare(a.Name, b.Name))
	})
	return all
}

func micros(us float64) time.Duration { return time.Duration(us * float64(time.Microsecond)) }

// Table writes the n dearest ops, and the n dearest kernels where there was a GPU; times
// and calls are those of one of the given number of steps.
func (p Profile) Table(n, steps int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d steps, %s each\n", steps, each(p.Wall, steps))
	table(&b, "op on the CPU", p.Ops, n, steps)
	if len(p.Kernels) > 0 {
		b.WriteString("\n")
		table(&b, "kernel on the GPU", p.Kernels, n, steps)
	}
	return b.String()
}

func table(b *strings.Builder, title string, costs []Cost, n, steps int) {
	var all time.Duration
	for _, c := range costs {
		all += c.Self
	}
	fmt.Fprintf(b, "%-48s %10s %8s %10s %8s\n", title, "self", "share", "total", "calls")
	for _, c := range costs[:min(n, len(costs))] {
		share := 100 * float64(c.Self) / float64(max(all, 1))
		fmt.Fprintf(b, "%-48s %10s %7.1f%% %10s %8.4g\n", shorten(c.Name, 48), each(c.Self, steps), share, each(c.Total, steps), float64(c.Calls)/float64(steps))
	}
}

func each(d time.Duration, steps int) string {
	return fmt.Sprintf("%.3f ms", d.Seconds()*1e3/float64(max(steps, 1)))
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-1] + "…"
}
