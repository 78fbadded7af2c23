package experiment

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// List finds the runs in and below the folder root, in the order of their paths; root
// may be a run itself. A run is a folder with checkpoints/, or with config.yaml beside
// logs/ or what trainer keeps, also one that another program wrote; no run lies inside
// another. A run that is about to take the place of another is in the list as well,
// under the name that it will have, with Staged set. Hidden folders are passed over,
// links to folders are followed once. Nothing on disk is changed. A root that is no
// folder is a mistake of the user.
func List(root string) ([]*Info, error) {
	root = filepath.Clean(root)
	info, err := os.Stat(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, mistake(ErrNotFound, "%s: no such folder; give one with experiments in it, such as ./experiments", root)
	case err != nil:
		return nil, explain("read", root, err)
	case !info.IsDir():
		return nil, mistake(ErrNotFound, "%s is a file; give a folder with experiments in it, such as ./experiments", root)
	}
	l := lister{seen: map[string]bool{}, now: time.Now}
	if err := l.folder(root); err != nil {
		return nil, err
	}
	for len(l.links) > 0 { // after the real folders, whose names are the better ones
		link := l.links[0]
		l.links = l.links[1:]
		if err := l.folder(link); err != nil {
			return nil, err
		}
	}
	return l.found, nil
}

// lister walks folders and collects the runs in them.
type lister struct {
	found  []*Info
	links  []string        // symbolic links that are still to be followed
	seen   map[string]bool // real paths of folders
	strays []Leftover
	now    func() time.Time
}

func (l *lister) folder(dir string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || l.seen[real] {
		return nil // a link that leads nowhere, or to what was seen
	}
	l.seen[real] = true
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil // not this user's, or just removed
	}
	if err != nil {
		return explain("read", dir, err)
	}
	if isRun(entries) {
		l.found = append(l.found, placeOf(dir, l.now).info(dir))
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name()[0] == '.':
			l.hidden(dir, e)
			l.stray(dir, e)
		case e.IsDir():
			err = l.folder(path)
		case e.Type()&fs.ModeSymlink != 0 && isFolder(path):
			l.links = append(l.links, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isRun says whether a folder with these entries is a run.
func isRun(entries []fs.DirEntry) bool {
	config, others := false, false
	for _, e := range entries {
		switch e.Name() {
		case "checkpoints":
			return true
		case "config.yaml":
			config = true
		case "logs", "embeddings", "predictions", stateDir:
			others = true
		}
	}
	return config && others
}

var stagePattern = regexp.MustCompile(`^\.(.+)\.` + kindNew + `-[0-9]+$`)

var leftPattern = regexp.MustCompile(`^\.(.+)\.(` + kindNew + `|` + kindOld + `|` + kindTrash + `)-[0-9]+$`)

// hidden adds a run that has not taken its name yet.
func (l *lister) hidden(base string, e fs.DirEntry) {
	m := stagePattern.FindStringSubmatch(e.Name())
	dir := filepath.Join(base, e.Name())
	if m == nil || !e.IsDir() || !marked(dir) {
		return
	}
	i := place{base: base, name: m[1], now: l.now}.info(dir)
	i.Staged = true
	l.found = append(l.found, i)
}

// placeOf is the place of the run in dir.
func placeOf(dir string, now func() time.Time) place {
	full, err := filepath.Abs(dir)
	if err != nil {
		full = dir
	}
	return place{base: filepath.Dir(full), name: filepath.Base(full), step: passed, now: now}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
