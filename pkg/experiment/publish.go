package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Publish gives the run its final name; call it after the first complete
// checkpoint. An old run of that name is exchanged for this one in a single step
// and removed; files in it that trainer did not make move into this run and are
// named in the notices. Afterwards Dir and Path lead to the final directory, and
// open files go on working. After an error the old run is whole and this one is
// where it was. It does nothing when the run has its name already.
func (r *Run) Publish() (notices []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done || r.dir == r.place.final() {
		return nil, nil
	}
	if err := r.swap(); err != nil {
		return nil, err
	}
	r.dir = r.place.final()
	err = r.place.sync()
	if err == nil {
		notices, err = r.place.repair()
	}
	if err != nil {
		notices = append(notices, fmt.Sprintf("the new run is in its place, but clearing up after the old one stopped (the next run of this name tries again): %v", err))
	}
	return notices, nil
}

// swap puts the staging folder at the final place and what was there aside.
func (r *Run) swap() error {
	p, stage, final := r.place, r.dir, r.place.final()
	if !exists(stage) {
		return fmt.Errorf("publish %s: the run's folder %s is gone", final, stage)
	}
	for _, dir := range []string{stage, filepath.Join(stage, "logs"), filepath.Join(stage, "checkpoints")} {
		if err := atomicfile.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	there, err := p.look()
	if err != nil {
		return err
	}
	p.step("before the exchange")
	if there == absent {
		return p.move(stage, final)
	}
	if r.exchange(stage, final) == nil {
		p.step("exchanged")
		return nil
	}
	return p.swapByTwo(stage, final)
}

// exchange swaps two names in one step, or changes nothing.
func exchange(a, b string) error {
	if err := atomicfile.Point("exchange", b); err != nil {
		return err
	}
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// swapByTwo is for file systems that cannot exchange. A kill between the renames
// leaves no directory of the final name; fillGap and Find know that.
func (p place) swapByTwo(stage, final string) error {
	old := p.free(kindOld, os.Getpid())
	if err := rename(final, old); err != nil {
		return explain("move", final, err)
	}
	p.step("old run moved")
	if err := rename(stage, final); err != nil {
		back := os.Rename(old, final)
		return errors.Join(explain("move", stage, err), explain("move", old, back))
	}
	p.step("new run moved")
	return nil
}
