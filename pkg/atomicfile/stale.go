package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

var tempPattern = regexp.MustCompile(`^\..+\.tmp-([0-9]+)-[0-9a-f]{8}$`)

// RemoveStale removes the temporary files that killed processes left in the
// folder dir and returns their names. A file whose process still lives is kept.
// Call it only under the lock of the folder's owner: the process ids mean
// nothing when they come from another machine.
func RemoveStale(dir string) ([]string, error) { return removeTemp(dir, alive) }

// IsStale says whether a file name is that of a temporary file whose process is gone.
func IsStale(name string) bool {
	m := tempPattern.FindStringSubmatch(name)
	if m == nil {
		return false
	}
	pid, err := strconv.Atoi(m[1])
	return err == nil && !alive(pid)
}

// RemoveTemp removes all temporary files in the folder dir, whatever process they
// name: a container gives the same process id to one run after the other. Call it
// only where nothing else can be writing there.
func RemoveTemp(dir string) ([]string, error) {
	return removeTemp(dir, func(int) bool { return false })
}

func removeTemp(dir string, keep func(pid int) bool) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, describe("read folder", dir, err)
	}
	var removed []string
	for _, e := range entries {
		m := tempPattern.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() {
			continue
		}
		if pid, err := strconv.Atoi(m[1]); err != nil || keep(pid) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return removed, describe("remove", filepath.Join(dir, e.Name()), err)
		}
		removed = append(removed, e.Name())
	}
	return removed, nil
}

func alive(pid int) bool {
	if pid <= 0 {
		return true
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
