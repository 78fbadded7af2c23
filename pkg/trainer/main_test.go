package trainer

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch"
)

// source is the folder of this package: tests work in folders of their own.
var source string

func TestMain(m *testing.M) {
	var err error
	if source, err = os.Getwd(); err != nil {
		panic(err)
	}
	if os.Getenv("TRAINER_LIB") == "" {
		os.Setenv("TRAINER_LIB", filepath.Join(source, "..", "..", "lib"))
	}
	code := m.Run()
	removeBuilt()
	os.Exit(code)
}

// small is a config that trains in some milliseconds; tests change lines of it.
const small = `experiment:
  name: a
  output_dir: runs
  seed: 7
data:
  source: shapes
  count: 64
  image_size: 8
  batch_size: 16
model:
  type: vae
  latent_dim: 2
  encoder:
    hidden_dims: [8]
training:
  epochs: 1
  threads: 1
  device: cpu
checkpoint:
  save_strategy: best
`

// site is the working directory of one test.
type site struct {
	t   *testing.T
	dir string
}

// newSite goes into an empty folder that has small as x.yaml.
func newSite(t *testing.T) *site {
	s := &site{t, t.TempDir()}
	t.Chdir(s.dir)
	s.write("x.yaml", small)
	return s
}

// needTorch skips a test where libtorch is not set up, unless TRAINER_REQUIRE_LIBTORCH
// says that it must be.
func needTorch(t *testing.T) {
	t.Helper()
	e, err := torch.Start(torch.Options{Threads: 1, Deterministic: true})
	switch {
	case err == nil:
		e.Close()
	case os.Getenv("TRAINER_REQUIRE_LIBTORCH") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// newTorchSite is newSite for a test that needs libtorch.
func newTorchSite(t *testing.T) *site {
	needTorch(t)
	return newSite(t)
}

// gitIn runs git in a folder.
func gitIn(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// result is how a command ended.
type result struct {
	code             int
	stdout, messages string
}

// run runs the program in this process.
func (s *site) run(args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(append([]string{"trainer"}, args...), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// ok runs a command that must succeed.
func (s *site) ok(args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != exitDone {
		s.t.Fatalf("trainer %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.messages)
	}
	return r
}

// train trains x.yaml with overrides.
func (s *site) train(set ...string) result {
	s.t.Helper()
	return s.ok(withSet([]string{"train", "x.yaml"}, set)...)
}

func withSet(args, set []string) []string {
	for _, v := range set {
		args = append(args, "--set", v)
	}
	return args
}

// listing is every file and folder below dir, with what is in the files.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Type().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			path += fmt.Sprintf(" %x", sha256.Sum256(content))
		case !d.IsDir():
			path += " " + d.Type().String()
		}
		list = append(list, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// unchanged fails where the two listings differ.
func unchanged(t *testing.T, before, after []string) {
	t.Helper()
	for _, path := range after {
		if !slices.Contains(before, path) {
			t.Errorf("made or changed: %s", path)
		}
	}
	for _, path := range before {
		if !slices.Contains(after, path) {
			t.Errorf("lost or changed: %s", path)
		}
	}
}

// names lists a folder; none where it does not exist.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// matching are the paths of a pattern.
func matching(pattern string) []string {
	paths, _ := filepath.Glob(pattern) // the pattern is right
	return paths
}
