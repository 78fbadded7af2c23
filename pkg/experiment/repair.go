package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// repair brings what lies around the experiment's name into order: it ends a
// replacement, whether this process is in the middle of one (Publish) or a killed
// process was, and puts away what killed runs left. It looks only at the folders
// that are there, so it can itself be killed at any point and run again. It is
// called under the lock: every hidden folder that it finds belongs to no one else.
func (p place) repair() (notices []string, err error) {
	trash, err := p.leftovers(kindTrash)
	if err != nil {
		return nil, err
	}
	for _, dir := range trash {
		if err := removeAll(dir); err != nil {
			return nil, explain("remove", dir, err)
		}
	}
	if err := p.unmarkAside(); err != nil {
		return nil, err
	}
	if err := p.sortStages(); err != nil {
		return nil, err
	}
	if notices, err = p.fillGap(); err != nil || !p.taken() {
		return notices, err
	}
	more, err := p.settleOld()
	notices = append(notices, more...)
	if err != nil {
		return notices, err
	}
	more, err = p.settleNew()
	return append(notices, more...), err
}

// taken says whether a directory has the final name.
func (p place) taken() bool {
	info, err := os.Stat(p.final())
	return err == nil && info.IsDir()
}

// sortStages gives the name of an old run to each staging folder without a mark:
// after an exchange the old run lies where the new one was.
func (p place) sortStages() error {
	stages, err := p.leftovers(kindNew)
	if err != nil {
		return err
	}
	for _, dir := range stages {
		if marked(dir) || os.Remove(dir) == nil { // an empty one was never begun
			continue
		}
		if err := rename(dir, p.free(kindOld, os.Getpid())); err != nil {
			return explain("move", dir, err)
		}
		p.step("old run named")
	}
	return nil
}

// fillGap mends a replacement by two renames that was stopped between them: the
// new run takes the name, or, if it is not there, the old one takes it back.
func (p place) fillGap() ([]string, error) {
	old, err := p.leftovers(kindOld)
	if err != nil || len(old) == 0 || exists(p.final()) {
		return nil, err
	}
	stages, err := p.leftovers(kindNew)
	if err != nil {
		return nil, err
	}
	for _, dir := range stages {
		if hasCheckpoint(dir) {
			return []string{fmt.Sprintf("%s was being replaced when its process ended; the new run has taken its place", p.final())},
				p.move(dir, p.final())
		}
	}
	return []string{fmt.Sprintf("%s was being replaced when its process ended; the old run is back in its place", p.final())},
		p.move(newest(old), p.final())
}

// settleOld ends a replacement: the new run loses its mark, the user's files move
// over to it, and the old run goes.
func (p place) settleOld() (notices []string, err error) {
	final := p.final()
	if marked(final) {
		if err := p.unmark(final); err != nil {
			return nil, err
		}
	}
	old, err := p.leftovers(kindOld)
	if err != nil {
		return nil, err
	}
	for _, dir := range old {
		p.aboutToGo(dir)
		moved, err := p.carry(dir, final)
		if len(moved) > 0 {
			notices = append(notices, fmt.Sprintf("%s: kept what trainer did not make: %s", final, listed(moved)))
		}
		if err == nil {
			err = p.remove(dir)
		}
		if err != nil {
			return notices, err
		}
	}
	return notices, nil
}

// settleNew puts away runs that were killed before they took their name: with a
// checkpoint they stay under a name of their own.
func (p place) settleNew() (notices []string, err error) {
	stages, err := p.leftovers(kindNew)
	if err != nil {
		return nil, err
	}
	for _, dir := range stages {
		if !hasCheckpoint(dir) {
			p.aboutToGo(dir)
			if err := p.remove(dir); err != nil {
				return notices, err
			}
			continue
		}
		kept, err := p.setAside(dir)
		if err != nil {
			return notices, err
		}
		notices = append(notices, fmt.Sprintf("a run of %s was killed before it took its name; what it had trained is in %s", p.final(), kept))
	}
	return notices, nil
}

// aboutToGo tells of a run that is about to be removed.
func (p place) aboutToGo(dir string) {
	if p.replacing != nil {
		p.replacing(dir)
	}
}

// setAside gives an unpublished run the experiment's name with the time behind it.
func (p place) setAside(dir string) (string, error) {
	removeTemp(dir)
	aside := p
	for try := 1; try == 1 || exists(aside.final()); try++ {
		aside.name = p.stamped(try)
	}
	if err := p.move(dir, aside.final()); err != nil {
		return "", err
	}
	return aside.final(), p.unmark(aside.final())
}

// unmarkAside ends what setAside began where it was killed: a run with a visible
// name has no mark.
func (p place) unmarkAside() error {
	aside, err := p.folders(regexp.QuoteMeta(p.name) + `_[0-9-]{10}_[0-9-]{8}(_[0-9]+)?`)
	for _, dir := range aside {
		if err == nil && marked(dir) {
			err = p.unmark(dir)
		}
	}
	return err
}

// move renames a run's directory, durably.
func (p place) move(from, to string) error {
	if err := rename(from, to); err != nil {
		return explain("move", from, err)
	}
	p.step("moved " + filepath.Base(from))
	return atomicfile.SyncDir(p.base)
}

// newest is the folder that was changed last.
func newest(dirs []string) string {
	best, at := dirs[0], time.Time{}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && info.ModTime().After(at) {
			best, at = dir, info.ModTime()
		}
	}
	return best
}
