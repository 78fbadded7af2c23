package checkpoint

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Store is the folder checkpoints/ of an experiment.
type Store struct {
	Dir string
}

// Save writes f once and gives it all the names: the first is written, the others
// are hard links to it (copies where the file system has none), each put in place
// atomically. The next Save replaces names, never content, so the names part
// again as they should. The folder is made if it is missing.
func (s Store) Save(f *File, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	first := filepath.Join(s.Dir, names[0])
	if err := Save(first, f); err != nil {
		return err
	}
	for _, name := range names[1:] {
		if err := atomicfile.Link(first, filepath.Join(s.Dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// List names the checkpoints in the folder: best, last, the epochs in order, then
// any other .pt by name. A folder that does not exist is an *Error.
func (s Store) List() ([]string, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Path: s.Dir, Msg: "no such folder, expected one with checkpoints", Err: err}
	}
	if err != nil {
		return nil, openError(s.Dir, err)
	}
	var names []string
	for _, e := range entries {
		if n := e.Name(); !e.IsDir() && strings.HasSuffix(n, ".pt") && !strings.HasPrefix(n, ".") {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		ra, na := rank(a)
		rb, nb := rank(b)
		return cmp.Or(cmp.Compare(ra, rb), cmp.Compare(na, nb), cmp.Compare(a, b))
	})
	return names, nil
}

func rank(name string) (group, number int) {
	switch name {
	case BestName:
		return 0, 0
	case LastName:
		return 1, 0
	}
	if n, ok := epochOf(name); ok {
		return 2, n
	}
	return 3, 0
}
