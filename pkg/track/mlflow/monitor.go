package mlflow

import (
	"fmt"
	"sync"
	"time"

	"github.com/gotrainer/trainer/pkg/track"
)

// GPU is where the state of graphics processors comes from.
type GPU interface {
	// Count is how many there are.
	Count() int
	// Read gives the state of one, counted from 0.
	Read(i int) (GPUState, error)
}

// GPUState is how busy a graphics processor is. A megabyte is 10^6 bytes.
type GPUState struct {
	MemoryMegabytes, MemoryPercent float64
	UtilizationPercent             float64
	PowerWatts, PowerPercent       float64
}

// Monitor samples the machine under the names that MLflow has for system metrics.
type Monitor struct {
	Every time.Duration // between two samples
	GPU   GPU           // nil = none
}

// start samples into a journal until stop is called, which takes a last sample. Samples
// that cannot be taken or written are left out.
func (m *Monitor) start(path string) (stop func()) {
	step := int64(0)
	if events, err := track.ReadJournal(path); err == nil && len(events) > 0 {
		step = events[len(events)-1].Step + 1
	}
	ending, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		journal, err := track.OpenJournal(path)
		if err != nil {
			return
		}
		defer journal.Close()
		machine := newMachine()
		tick := time.NewTicker(m.Every)
		defer tick.Stop()
		for last := false; !last; step++ {
			select {
			case <-tick.C:
			case <-ending:
				last = true
			}
			values := append(machine.sample(), m.gpus()...)
			_ = journal.Log(track.Event{Kind: track.KindSystem, Step: step, Values: values, Time: time.Now()}) // the next may succeed
		}
	}()
	return sync.OnceFunc(func() {
		close(ending)
		<-done
	})
}

func (m *Monitor) gpus() (values []track.Value) {
	if m.GPU == nil {
		return nil
	}
	for i := range m.GPU.Count() {
		s, err := m.GPU.Read(i)
		if err != nil {
			continue
		}
		for _, v := range []track.Value{
			{Name: "memory_usage_megabytes", Value: s.MemoryMegabytes}, {Name: "memory_usage_percentage", Value: s.MemoryPercent},
			{Name: "utilization_percentage", Value: s.UtilizationPercent},
			{Name: "power_usage_watts", Value: s.PowerWatts}, {Name: "power_usage_percentage", Value: s.PowerPercent},
		} {
			v.Name = fmt.Sprintf("system/gpu_%d_%s", i, v.Name)
			values = append(values, v)
		}
	}
	return values
}
