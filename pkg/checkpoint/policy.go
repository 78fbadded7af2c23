package checkpoint

import (
	"fmt"
	"strconv"
	"strings"
)

// Strategy is checkpoint.save_strategy: which files a run keeps.
type Strategy string

// The strategies. Best is the default: it is also what the empty Strategy means.
const (
	Best Strategy = "best" // best_model.pt
	Last Strategy = "last" // last_model.pt
	All  Strategy = "all"  // both, and epoch_001.pt, epoch_002.pt, …
)

// Names of files in checkpoints/.
const (
	BestName   = "best_model.pt"
	LastName   = "last_model.pt"
	ResumeName = "resume.pt" // between epochs; removed when the run ends well
)

// EpochName is the file of a finished epoch, counted from 1: epoch_001.pt,
// epoch_1000.pt after epoch_999.pt.
func EpochName(epoch int) string { return fmt.Sprintf("epoch_%03d.pt", epoch) }

// epochOf is the way back from EpochName.
func epochOf(name string) (int, bool) {
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ".pt"), "epoch_")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n >= 0 && EpochName(n) == name
}

// Files are the files that the end of an epoch writes, in order; each replaces the
// one of that name. No strategy ever removes a file. It panics on a Strategy that
// is none: the config was checked before.
func Files(s Strategy, epoch int, isBest bool) []string {
	var names []string
	switch s {
	case Best, "", All:
		if isBest {
			names = append(names, BestName)
		}
	case Last:
	default:
		panic(fmt.Sprintf("checkpoint: strategy %q, expected best, last or all", string(s)))
	}
	if s == Last || s == All {
		names = append(names, LastName)
	}
	if s == All {
		names = append(names, EpochName(epoch))
	}
	return names
}
