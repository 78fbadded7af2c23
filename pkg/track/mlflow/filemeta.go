package mlflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

const metaName = "meta.yaml"

// field is a line of a meta.yaml: a string, an int64, nil or an empty list.
type field struct {
	key   string
	value any
}

// writeMeta writes the meta.yaml of a folder, each value as JSON, which YAML reads: so
// that an id of digits stays a string.
func writeMeta(dir string, fields []field) error {
	var b bytes.Buffer
	for _, f := range fields {
		value, err := json.Marshal(f.value)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s: %s\n", f.key, value)
	}
	return atomicfile.WriteFile(filepath.Join(dir, metaName), b.Bytes())
}

// readMeta gives the values of a meta.yaml as text.
func readMeta(dir string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, metaName))
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := yaml.Unmarshal(data, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, metaName), err)
	}
	out := map[string]string{}
	for k, v := range values {
		out[k] = fmt.Sprint(v)
	}
	return out, nil
}

// changeMeta sets values of a meta.yaml and leaves the others as they are.
func changeMeta(dir string, set map[string]any) error {
	path := filepath.Join(dir, metaName)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return fmt.Errorf("%s is not a meta.yaml of MLflow", path)
	}
	pairs := doc.Content[0].Content
	for i := 0; i+1 < len(pairs); i += 2 {
		if value, ok := set[pairs[i].Value]; ok {
			if err := pairs[i+1].Encode(value); err != nil {
				return err
			}
		}
	}
	text, err := yaml.Marshal(&doc)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, text)
}

// writeText writes a parameter's or tag's file, where its value is another.
func writeText(dir, kind string, p pair) error {
	path := filepath.Join(dir, kind, filepath.FromSlash(p.Key))
	if old, err := os.ReadFile(path); err == nil && string(old) == p.Value {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, []byte(p.Value))
}

// readTexts gives each file below a folder with its slash-separated path.
func readTexts(root string, each func(key, text string)) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && !strings.HasPrefix(d.Name(), ".") {
			each(filepath.ToSlash(key), string(text))
		}
		return err
	})
}

// copyArtifact writes a file below a folder of artifacts.
func copyArtifact(root, path string, from *os.File, size int64) error {
	to := filepath.Join(root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := atomicfile.Create(to)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := io.Copy(f, io.NewSectionReader(from, 0, size)); err != nil {
		return err
	}
	return f.Commit()
}

func fileURI(dir string) string { return "file://" + (&url.URL{Path: dir}).EscapedPath() }

// globQuote keeps a path's own * ? [ from being a pattern.
func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// lockFolder excludes other processes that lock the folder; file systems without locks
// are taken as they are.
func lockFolder(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil && !errors.Is(err, fs.ErrInvalid) && !noLocks(err) {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}

func noLocks(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.EOPNOTSUPP)
}
