package runs

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/experiment"
)

var epochPattern = regexp.MustCompile(`^epoch_([0-9]{3,})\.pt$`)

// Spare lists the checkpoints of single epochs that a run can do without: those that are
// neither its best nor its last. Where best_model.pt or last_model.pt is missing, the
// epoch that stands for it stays. A name that shares its file with one that stays is not
// in the list, as it takes no room.
func (r *Run) Spare() []experiment.Content {
	var epochs, kept []experiment.Content
	for _, f := range r.Files {
		if filepath.Dir(f.Path) != "checkpoints" {
			continue
		}
		switch name := filepath.Base(f.Path); {
		case epochPattern.MatchString(name):
			epochs = append(epochs, f)
		case name == checkpoint.BestName, name == checkpoint.LastName:
			kept = append(kept, f)
		}
	}
	has := func(name string) bool {
		return slices.ContainsFunc(kept, func(f experiment.Content) bool { return filepath.Base(f.Path) == name })
	}
	best, last := has(checkpoint.BestName), has(checkpoint.LastName)
	newest := int64(0)
	for _, f := range epochs {
		newest = max(newest, epochOf(f))
	}
	return slices.DeleteFunc(epochs, func(f experiment.Content) bool {
		return !best && (epochOf(f) == r.BestEpoch || r.BestEpoch == 0) || !last && epochOf(f) == newest ||
			slices.ContainsFunc(kept, f.Same)
	})
}

func epochOf(f experiment.Content) int64 {
	m := epochPattern.FindStringSubmatch(filepath.Base(f.Path))
	n, _ := strconv.ParseInt(m[1], 10, 64) // the pattern has digits
	return n
}
