package experiment

import (
	"os"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// The changes of a run's surroundings go through these, where tests can kill the
// process or let the change fail (atomicfile.Point).

func mkdir(dir string) error {
	if err := atomicfile.Point("mkdir", dir); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o755)
}

func rename(from, to string) error {
	if err := atomicfile.Point("move", from); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func remove(path string) error {
	if err := atomicfile.Point("remove", path); err != nil {
		return err
	}
	return os.Remove(path)
}

func removeAll(dir string) error {
	if err := atomicfile.Point("remove", dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// passed is what is called after each step of a replacement.
func passed(step string) { _ = atomicfile.Point("passed", step) }
