package trainer

import (
	"fmt"
	"os"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/profile"
	"github.com/gotrainer/trainer/pkg/torch"
)

// profiler writes logs/trace.json, for chrome://tracing or ui.perfetto.dev, and
// logs/profile.txt. What goes wrong with them is noted and ends no run.
type profiler struct {
	run    *experiment.Run
	device torch.Device
	lines  int
	note   func(string)
}

// Start begins to record.
func (p *profiler) Start() {
	if err := torch.Try(func() { torch.StartProfile(p.device) }); err != nil {
		p.note(fmt.Sprintf("there is no profile: %v", err))
	}
}

// Stop writes what was recorded.
func (p *profiler) Stop(steps int64) {
	if err := p.write(int(steps)); err != nil {
		p.note(fmt.Sprintf("there is no profile: %v", err))
		return
	}
	p.note(fmt.Sprintf("profile of %d steps: %s, and trace.json beside it", steps, p.run.Path("logs", "profile.txt")))
}

func (p *profiler) write(steps int) error {
	path := p.run.Path("logs", "trace.json")
	if err := torch.Try(func() { torch.StopProfile(path) }); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	costs, err := profile.Read(f)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(p.run.Path("logs", "profile.txt"), []byte(costs.Table(p.lines, steps)))
}
