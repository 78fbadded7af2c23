package runs

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strings"

	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/track"
)

var epochKind = []byte(`"kind":"epoch"`)

// readEpochs reads the ends of epochs from a journal. Other lines, which are most of
// it, are passed over unread; so is what is no record.
func readEpochs(path string) ([]track.Event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var epochs []track.Event
	lines := bufio.NewReaderSize(f, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if bytes.Contains(line, epochKind) {
			if e, bad := track.ParseRecord(line); bad == nil && e.Kind == track.KindEpoch {
				epochs = append(epochs, e)
			}
		}
		if err == io.EOF {
			return epochs, nil
		}
		if err != nil {
			return epochs, err
		}
	}
}

// Epochs gives the metrics at the end of each epoch, in order; none where the journal is
// missing.
func (r *Run) Epochs() []track.Event {
	epochs, _ := readEpochs(r.Path("logs", "metrics.jsonl"))
	return epochs
}

// logTail is how much of training.log is read for its last line.
const logTail = 4 << 10

// LogEnd is the last line of training.log, without its time; empty where there is none.
func (r *Run) LogEnd() string {
	f, err := os.Open(r.Path("logs", "training.log"))
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	tail, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-logTail), logTail))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(tail)), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if _, rest, found := strings.Cut(last, "  "); found {
		last = rest
	}
	return last
}

// ending is how a run without trainer's state ended: what its log says at the end, or
// finished where it has all of its epochs.
func (r *Run) ending() (state, cause string) {
	end := r.LogEnd()
	switch {
	case strings.HasPrefix(end, "finished"):
		return experiment.Finished, ""
	case strings.HasPrefix(end, "interrupted"):
		return experiment.Interrupted, ""
	case strings.HasPrefix(end, "failed: "):
		return experiment.Failed, strings.TrimPrefix(end, "failed: ")
	}
	if planned := r.Planned(); planned > 0 && r.Epoch >= planned {
		return experiment.Finished, ""
	}
	return "", ""
}

// Planned is the number of epochs in the config; 0 where it is not known.
func (r *Run) Planned() int64 {
	training, _ := r.Config["training"].(map[string]any)
	for _, key := range []string{"epochs", "num_epochs", "max_epochs"} {
		switch n := training[key].(type) {
		case int:
			return int64(n)
		case int64:
			return n
		}
	}
	return 0
}
