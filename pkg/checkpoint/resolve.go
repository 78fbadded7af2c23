package checkpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Resolve finds the checkpoint that which means in the folder dir: best, last,
// epoch_007, or the path of a file. Where best is wanted and only last is there,
// or the other way round, it takes that one and notice says so. Otherwise the
// error, an *Error, lists what is there. The file is found, not read.
func Resolve(dir, which string) (path, notice string, err error) {
	switch which {
	case "best":
		return resolveEither(dir, which, BestName, LastName)
	case "last":
		return resolveEither(dir, which, LastName, BestName)
	}
	name := which
	if !strings.HasSuffix(name, ".pt") {
		name += ".pt"
	}
	if _, ok := epochOf(name); ok {
		if path = filepath.Join(dir, name); isFile(path) {
			return path, "", nil
		}
		return "", "", missing(dir, "no "+name)
	}
	if isFile(which) {
		return which, "", nil
	}
	if path = filepath.Join(dir, which); filepath.Base(which) == which && isFile(path) {
		return path, "", nil
	}
	if strings.ContainsRune(which, filepath.Separator) || strings.HasSuffix(which, ".pt") {
		return "", "", missing(dir, fmt.Sprintf("checkpoint %s is no file", plainText(which)))
	}
	return "", "", missing(dir, fmt.Sprintf("checkpoint %q, expected best, last, epoch_NNN or a path", which))
}

func resolveEither(dir, which, name, other string) (string, string, error) {
	if path := filepath.Join(dir, name); isFile(path) {
		return path, "", nil
	}
	if path := filepath.Join(dir, other); isFile(path) {
		return path, fmt.Sprintf("checkpoint %s: %s has no %s; using %s", which, dir, name, other), nil
	}
	return "", "", missing(dir, "no "+name)
}

// missing is an error about the folder dir that lists the checkpoints in it.
func missing(dir, msg string) error {
	names, err := Store{Dir: dir}.List()
	if err != nil {
		return err
	}
	e := &Error{Path: dir, Msg: msg, Hint: "the folder has no checkpoints: was the training run interrupted before its first epoch ended?"}
	const most = 12
	if n := len(names); n > most {
		e.Hint = fmt.Sprintf("there are %s and %d more", strings.Join(names[:most], ", "), n-most)
	} else if n > 0 {
		e.Hint = "there is " + strings.Join(names, ", ")
	}
	return e
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// plainText is a path as a message shows it: as it is typed, but for what would not
// print.
func plainText(path string) string {
	text := quote(path)
	if text == `"`+path+`"` {
		return path
	}
	return text
}
