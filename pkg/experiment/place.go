package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// maxName leaves room for the prefix and suffix of the hidden names and for a
// timestamp within the 255 bytes of a file name.
const maxName = 200

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// CheckName says what is wrong with the name of an experiment, as a mistake of
// the user; nil if it is one folder name of letters, digits, '.', '_' and '-'
// that does not start with a dot.
func CheckName(name string) error {
	const rule = "use one folder name of letters, digits, . _ - that does not start with a dot"
	switch {
	case name == "":
		return mistake(nil, "experiment.name is empty; %s", rule)
	case len(name) > maxName:
		return mistake(nil, "experiment.name has %d characters; use %d at most", len(name), maxName)
	case !namePattern.MatchString(name):
		return mistake(nil, "experiment.name %q is not possible; %s", name, rule)
	}
	return nil
}

// The hidden folders beside an experiment: `.{name}.{kind}-<number>`.
const (
	kindNew   = "new"   // a run that has not taken its name yet; marked with markerName
	kindOld   = "old"   // a run that was replaced; the user's files in it move to the new one
	kindTrash = "trash" // being removed
)

// markerName lies in a staging folder from its first moment until the run has its
// name. It tells the two folders of an exchange apart, whichever has which name.
const markerName = ".unpublished"

const markerText = "This training run has not taken its name yet; trainer removes this file when it does.\n"

// place is the surroundings of one experiment's directory.
type place struct {
	base string // the output directory
	name string
	step func(string)
	now  func() time.Time

	replacing func(dir string) // may be nil
}

func (p place) final() string { return filepath.Join(p.base, p.name) }

func (p place) hidden(kind string, number int) string {
	return filepath.Join(p.base, fmt.Sprintf(".%s.%s-%d", p.name, kind, number))
}

// free is the first hidden name of the kind, from number on, that nothing has.
func (p place) free(kind string, number int) string {
	for ; ; number++ {
		if path := p.hidden(kind, number); !exists(path) {
			return path
		}
	}
}

// leftovers are the hidden folders of the kind, in order of their names.
func (p place) leftovers(kind string) ([]string, error) {
	return p.folders(`\.` + regexp.QuoteMeta(p.name) + `\.` + kind + `-[0-9]+`)
}

// folders are the folders of the output directory whose name is as the pattern
// says, in order of their names.
func (p place) folders(pattern string) ([]string, error) {
	entries, err := os.ReadDir(p.base)
	if err != nil {
		return nil, explain("read", p.base, err)
	}
	is := regexp.MustCompile("^" + pattern + "$")
	var found []string
	for _, e := range entries {
		if e.IsDir() && is.MatchString(e.Name()) {
			found = append(found, filepath.Join(p.base, e.Name()))
		}
	}
	return found, nil
}

// stamped is the name with the time behind it, and a number from the second try on.
func (p place) stamped(try int) string {
	name := p.name + "_" + p.now().Format("2006-01-02_15-04-05")
	if try > 1 {
		name += "_" + strconv.Itoa(try)
	}
	return name
}

// presence is what lies at the final place.
type presence int

const (
	absent presence = iota
	empty           // a folder with nothing in it
	folder          // a folder with something in it
	link            // a symbolic link to a folder
)

func (p place) look() (presence, error) {
	final := p.final()
	info, err := os.Lstat(final)
	if errors.Is(err, fs.ErrNotExist) {
		return absent, nil
	}
	if err != nil {
		return absent, explain("look at", final, err)
	}
	found := folder
	if info.Mode()&fs.ModeSymlink != 0 {
		found = link
		if info, err = os.Stat(final); err != nil {
			return absent, mistake(err, "%s is a symbolic link that leads nowhere; remove it or choose another experiment.name", final)
		}
	}
	if !info.IsDir() {
		return absent, mistake(nil, "%s is a file, not a folder; move it away or choose another experiment.name", final)
	}
	if found == folder {
		if entries, err := os.ReadDir(final); err == nil && len(entries) == 0 {
			found = empty
		}
	}
	return found, nil
}

func (p place) sync() error { return atomicfile.SyncDir(p.base) }

// remove takes a folder away. It is renamed first, so that a folder of which a
// part is gone is never taken for a run.
func (p place) remove(dir string) error {
	trash := p.free(kindTrash, os.Getpid())
	if err := rename(dir, trash); err != nil {
		return explain("remove", dir, err)
	}
	p.step("trash " + filepath.Base(dir))
	return explain("remove", dir, removeAll(trash))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func marked(dir string) bool { return exists(filepath.Join(dir, markerName)) }

// unmark ends the time in which the run in dir had no name.
func (p place) unmark(dir string) error {
	mark := filepath.Join(dir, markerName)
	if err := remove(mark); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explain("remove", mark, err)
	}
	p.step("mark removed")
	return nil
}

// makeDirs makes path and its missing parents and returns those that it made,
// outermost first.
func makeDirs(path string) ([]string, error) {
	var missing []string
	for p := path; !exists(p); p = filepath.Dir(p) {
		missing = append(missing, p)
	}
	sort.Slice(missing, func(i, j int) bool { return len(missing[i]) < len(missing[j]) })
	var made []string
	for _, p := range missing {
		err := os.Mkdir(p, 0o755)
		if err == nil {
			made = append(made, p)
		} else if !errors.Is(err, fs.ErrExist) {
			return made, explain("make", path, err)
		}
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return made, notFolder(path, err)
	}
	return made, nil
}

func notFolder(path string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return mistake(err, "output_dir %s is not a folder; choose another experiment.output_dir", path)
	}
	return explain("open", path, err)
}
