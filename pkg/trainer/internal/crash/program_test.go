package crash

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch"
)

// program is the trainer with fault points.
var program string

var soak = os.Getenv("TRAINER_SOAK") != ""

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "trainer-crash-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	source, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	if os.Getenv("TRAINER_LIB") == "" {
		os.Setenv("TRAINER_LIB", filepath.Join(source, "..", "..", "lib"))
	}
	program = filepath.Join(dir, "trainer")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-tags", "faults", "-o", program, "../../cmd/trainer")
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(string(out))
	}
	return m.Run()
}

// needTorch skips a test where libtorch is not set up, unless it must be.
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

// config trains in some milliseconds and writes many checkpoints.
const config = `experiment: {name: a, output_dir: runs, seed: 7}
data: {source: shapes, count: 64, image_size: 8, batch_size: 16}
model:
  type: vae
  latent_dim: 2
  encoder: {hidden_dims: [8]}
training: {epochs: 4, threads: 1, device: cpu, log_every_steps: 4}
checkpoint: {save_strategy: all, resume_every: "2"}
`

// place is a working directory with config as x.yaml.
type place struct {
	*testing.T
	dir string
}

func newPlace(t *testing.T) place {
	p := place{t, t.TempDir()}
	p.write("x.yaml", config)
	return p
}

func (p place) path(elem ...string) string { return filepath.Join(append([]string{p.dir}, elem...)...) }

func (p place) write(name, text string) {
	p.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
}

func (p place) read(elem ...string) []byte {
	p.Helper()
	b, err := os.ReadFile(p.path(elem...))
	if err != nil {
		p.Fatal(err)
	}
	return b
}

// result is how a command ended; code is -1 where it was killed.
type result struct {
	code     int
	messages string
}

func (p place) command(env []string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(program, args...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = p.dir, append(os.Environ(), env...), &stderr
	return cmd, &stderr
}

// run runs the program to its end, with a plan of faults in the environment.
func (p place) run(env []string, args ...string) result {
	p.Helper()
	cmd, stderr := p.command(env, args...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stderr.String()}
}

func (p place) ok(args ...string) result {
	p.Helper()
	r := p.run(nil, args...)
	if r.code != 0 {
		p.Fatalf("trainer %v: exit code %d\n%s", args, r.code, r.messages)
	}
	return r
}

// points are the changes of the disk that the program's processes made here, the last
// one first where it was struck by a fault.
func (p place) points() []string {
	p.Helper()
	b, err := os.ReadFile(p.path("points"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// struck is the point at which the fault came, or "".
func (p place) struck() string {
	for _, line := range p.points() {
		if at, ok := strings.CutPrefix(line, "fault "); ok {
			return at
		}
	}
	return ""
}

func faults(plan string) []string { return []string{"TRAINER_FAULT=" + plan, "TRAINER_POINTS=points"} }

// copied is a place with the same files, names of one file included.
func (p place) copied(t *testing.T) place {
	t.Helper()
	c := place{t, t.TempDir()}
	if out, err := exec.Command("cp", "-a", p.dir+"/.", c.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return c
}

// phase names the part of a run that a point belongs to.
func phase(point string) string {
	op, path, _ := strings.Cut(point, " ")
	switch {
	case strings.HasPrefix(path, "stage made"), op == "mkdir", op == "sign", strings.Contains(path, ".unpublished") && op != "remove":
		return "begin"
	case op == "exchange", op == "passed", op == "move", op == "remove":
		return "exchange"
	case strings.Contains(path, "/checkpoints"):
		return "save"
	case strings.Contains(path, "/logs"):
		return "logs"
	case strings.Contains(path, "/.trainer"):
		return "state"
	case strings.HasSuffix(path, "config.yaml"):
		return "config"
	case op == "sync":
		return "exchange" // of the output directory and the staging folder
	}
	return "other"
}
