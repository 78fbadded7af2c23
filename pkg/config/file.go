package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"
)

// maxFile bounds a config's size in bytes; what is longer is some other file.
const maxFile = 1 << 20

// readFile gives the file's text with \n line ends, no byte order mark and a final
// line end. What the user can mend is an *Error.
func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return "", fileError(path, missingFile(path))
	}
	if err != nil {
		return "", fmt.Errorf("read config %s: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("read config %s: %w", path, err)
	}
	if info.IsDir() {
		return "", fileError(path, "is a folder, expected a config file"+folderHint(path))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("read config %s: %w", path, err)
	}
	return normalise(path, data)
}

// normalise refuses what is no text and evens out line ends.
func normalise(path string, data []byte) (string, error) {
	switch {
	case bytes.IndexByte(data, 0) >= 0:
		return "", fileError(path, "is not a text file, expected a config in YAML")
	case len(data) > maxFile:
		return "", fileError(path, "is larger than 1 MB, expected a config in YAML")
	case !utf8.Valid(data):
		line, column := invalidAt(data)
		return "", &Error{Problems: []Problem{{File: path, Line: line, Column: column, Text: "is not UTF-8 text, expected a config in YAML"}}}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text, nil
}

// invalidAt is the place of the first byte that is no UTF-8.
func invalidAt(data []byte) (line, column int) {
	line, column = 1, 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[n:]
	}
	return line, column
}

// fileError is an *Error with one problem that concerns the whole file.
func fileError(path, text string) error {
	return &Error{Problems: []Problem{{File: path, Text: text}}}
}

// missingFile says what stands near a path that does not exist.
func missingFile(path string) string {
	path = strings.TrimRight(path, "/")
	dir, base := filepath.Dir(path), filepath.Base(path)
	names, err := configNames(dir)
	if err != nil {
		return "no such file: there is no folder " + dir
	}
	if near := likely(base, names); near != "" {
		return "no such file; did you mean " + besides(path, near) + "?"
	}
	if len(names) == 0 {
		return "no such file; " + folderName(dir) + " has no .yaml file"
	}
	return "no such file; " + folderName(dir) + " has " + listed(names)
}

// folderHint names the configs of a folder that was given in place of one.
func folderHint(dir string) string {
	names, err := configNames(dir)
	if err != nil || len(names) == 0 {
		return ""
	}
	for _, n := range names {
		if n == "config.yaml" {
			return "; did you mean " + filepath.Join(dir, n) + "?"
		}
	}
	return "; it has " + listed(names)
}

// configNames lists the YAML files of a folder, sorted.
func configNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// besides replaces the last element of path, keeping a leading ./ as typed.
func besides(path, name string) string {
	return path[:len(path)-len(filepath.Base(path))] + name
}

func folderName(dir string) string {
	if dir == "." {
		return "this folder"
	}
	return dir
}

// listed joins at most eight names.
func listed(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return joinWords(names, "and")
}
