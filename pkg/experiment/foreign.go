package experiment

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ownFiles are the files that trainer makes, by folder of a run. Everything in a
// folder with a nil pattern is trainer's.
var ownFiles = map[string]*regexp.Regexp{
	".":           regexp.MustCompile(`^(config\.yaml|\.unpublished)$`),
	"checkpoints": checkpointPattern,
	"logs":        regexp.MustCompile(`^(training\.log|metrics\.(jsonl|csv)|events\.out\.tfevents\..+)$`),
	"artifacts":   nil,
	"embeddings":  splitPattern,
	"predictions": splitPattern,
	"evaluation":  regexp.MustCompile(`^(train|val|test)_(evaluation\.json|densities\.npy)$`),
	"report":      nil,
	"export":      nil,
	stateDir:      nil,
}

var (
	checkpointPattern = regexp.MustCompile(`^(best_model|last_model|resume|epoch_[0-9]{3,})\.pt$`)
	splitPattern      = regexp.MustCompile(`^(train|val|test)_[a-z0-9_]+\.np[yz](\.gz)?$`)
	tempPattern       = regexp.MustCompile(`^\..+\.tmp-[0-9]+-[0-9a-f]+$`)
)

// Foreign lists what trainer did not make in the run's directory dir, as paths relative
// to it.
func Foreign(dir string) ([]string, error) { return foreign(dir) }

// foreign lists what trainer did not make in the run's directory dir, as paths
// relative to it: files, and whole folders that are none of trainer's. A symbolic
// link is always foreign.
func foreign(dir string) ([]string, error) { return foreignIn(dir, ".") }

func foreignIn(dir, sub string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sub))
	if err != nil {
		return nil, explain("read", filepath.Join(dir, sub), err)
	}
	var found []string
	for _, e := range entries {
		rel := filepath.Join(sub, e.Name())
		pattern, ours := ownFiles[rel]
		switch {
		case e.Type().IsRegular() && (ownFiles[sub].MatchString(e.Name()) || tempPattern.MatchString(e.Name())):
		case e.IsDir() && ours && pattern == nil:
		case e.IsDir() && ours:
			inner, err := foreignIn(dir, rel)
			if err != nil {
				return nil, err
			}
			found = append(found, inner...)
		default:
			found = append(found, rel)
		}
	}
	return found, nil
}

// carry moves the foreign files of the run from into the run to and returns their
// names there. A name that is taken gets `.old` behind it.
func (p place) carry(from, to string) ([]string, error) {
	names, err := foreign(from)
	if err != nil {
		return nil, err
	}
	var moved []string
	for _, rel := range names {
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return moved, explain("keep", filepath.Join(from, rel), err)
		}
		for n := 1; exists(target); n++ {
			target = filepath.Join(to, rel) + ".old"
			if n > 1 {
				target += strconv.Itoa(n)
			}
		}
		if err := rename(filepath.Join(from, rel), target); err != nil {
			return moved, explain("keep", filepath.Join(from, rel), err)
		}
		p.step("carried " + rel)
		kept, _ := filepath.Rel(to, target)
		moved = append(moved, kept)
	}
	return moved, nil
}

// listed joins the first ten names and counts the others.
func listed(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
}

// hasCheckpoint says whether a run's directory has a checkpoint to keep.
func hasCheckpoint(dir string) bool {
	entries, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
	if err != nil {
		return false
	}
	for _, e := range entries {
		var info fs.FileInfo
		if e.Type().IsRegular() && checkpointPattern.MatchString(e.Name()) {
			info, err = e.Info()
		}
		if info != nil && err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}
