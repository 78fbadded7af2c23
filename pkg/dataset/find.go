package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// find says which file a path means: the file itself or, where it is not there,
// the same name with .gz. key is the config key, for the message.
func find(key, path string) (string, error) {
	for _, p := range []string{path, path + ".gz"} {
		_, err := os.Stat(p)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", mistake("%s: %s cannot be opened: %v", key, p, reason(err))
		}
	}
	return "", mistake("%s: %s does not exist; %s", key, path, near(path))
}

// findAll is the files that a path means: what find says, or those that it is a pattern
// of, in the order of their names.
func (s Spec) findAll(key, path string) ([]string, error) {
	one, err := find(key, path)
	if err == nil || s.Source == "images" || !strings.ContainsAny(path, "*?[") {
		return []string{one}, err
	}
	all, wrong := filepath.Glob(path)
	if wrong != nil {
		return nil, mistake("%s: %s is not a pattern of file names: a [ has no end", key, path)
	}
	all = slices.DeleteFunc(all, func(p string) bool {
		info, err := os.Stat(p)
		return err == nil && info.IsDir()
	})
	if len(all) == 0 {
		return nil, mistake("%s: no file is called like %s; %s", key, path, near(path))
	}
	slices.Sort(all)
	return all, nil
}

// reason is an error without the path and operation that the message has already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// near tells what is there instead of a missing path: files with a name like it,
// else what its folder holds, else which folder is missing.
func near(path string) string {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "the folder " + dir + " does not exist either, paths are relative to where trainer was started"
	} else if err != nil {
		return "the folder " + dir + " cannot be listed"
	}
	want := filepath.Base(path)
	type candidate struct {
		name string
		away int
	}
	var all []candidate
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			all = append(all, candidate{e.Name(), editDistance(want, e.Name())})
		}
	}
	if len(all) == 0 {
		return "its folder " + dir + " is empty"
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.away - b.away })
	var similar, some []string
	for _, c := range all {
		if name := filepath.Join(dir, c.name); c.away <= max(2, len(want)/3) {
			similar = append(similar, name)
		}
		some = append(some, c.name)
	}
	if len(similar) > 0 {
		return "did you mean " + strings.Join(similar[:min(3, len(similar))], " or ") + "?"
	}
	list := strings.Join(some[:min(5, len(some))], ", ")
	if len(some) > 5 {
		list += ", ..."
	}
	return "its folder " + dir + " holds " + list
}

// editDistance counts the insertions, deletions and replacements of bytes that
// turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
