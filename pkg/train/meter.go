package train

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// meter adds up metrics on the device, in float64, without the host reading them.
// Steps that were skipped count for nothing.
type meter struct {
	names  []string
	scope  *torch.Scope
	sums   *torch.Tensor // [names + 2]: sums, steps that counted, skipped in a row
	window []float64     // sums when the window of the last report began
}

func newMeter(names []string, d torch.Device) *meter {
	m := &meter{names: names, scope: torch.NewScope("meter"), window: make([]float64, len(names)+2)}
	m.sums = torch.Zeros([]int64{int64(len(names) + 2)}, torch.As(torch.Float64), torch.On(d))
	m.scope.Attach(m.sums)
	return m
}

// add takes the metrics of one step, and 1 in skip where the step was skipped.
func (m *meter) add(values []*torch.Tensor, skip *torch.Tensor) {
	torch.MeterAdd(m.sums, values, skip)
}

// reading is what the host sees of a meter.
type reading struct {
	epoch, window []Value // means over the epoch's steps, and over those since the last reading
	skipped       int64   // steps skipped in a row up to now
}

// read waits for the device and begins a new window.
func (m *meter) read() reading {
	now := m.sums.Float64s()
	n := len(m.names)
	r := reading{skipped: int64(now[n+1])}
	for i, name := range m.names {
		r.epoch = append(r.epoch, Value{name, mean(now[i], now[n])})
		r.window = append(r.window, Value{name, mean(now[i]-m.window[i], now[n]-m.window[n])})
	}
	m.window = now
	return r
}

// reset begins a new epoch; the row of skipped steps goes on.
func (m *meter) reset() {
	m.sums.Narrow(0, 0, int64(len(m.names)+1)).Fill_(0)
	for i := range m.window[:len(m.names)+1] {
		m.window[i] = 0
	}
}

func (m *meter) close() { m.scope.Close() }

func mean(sum, n float64) float64 {
	if n == 0 {
		return math.NaN()
	}
	return sum / n
}

// metricNames are the names of the values that values gives.
func metricNames(out model.Output) []string {
	names := []string{"loss"}
	for _, m := range out.Metrics {
		names = append(names, m.Name)
	}
	return names
}

func metricValues(out model.Output) []*torch.Tensor {
	values := []*torch.Tensor{out.Loss.Detach()}
	for _, m := range out.Metrics {
		values = append(values, m.Value)
	}
	return values
}
