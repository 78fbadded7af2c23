package trainer

import (
	"time"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/track"
)

// recordSinks are the places of the tracking section: TensorBoard and CSV. from is the
// step that a resumed run goes on after.
func recordSinks(run *experiment.Run, c config.Tracking, from int64) (sinks []track.Sink, err error) {
	if c.TensorBoard {
		t, err := track.OpenTensorBoard(run.Path("logs"), from, time.Now())
		if err != nil {
			return nil, err
		}
		sinks = append(sinks, t)
	}
	if c.CSV {
		before, err := track.ReadJournal(run.Path("logs", "metrics.jsonl"))
		if err != nil {
			return nil, err
		}
		table, err := track.OpenCSV(func() string { return run.Path("logs", "metrics.csv") }, before)
		if err != nil {
			return nil, err
		}
		sinks = append(sinks, table)
	}
	return sinks, nil
}
