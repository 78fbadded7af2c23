package crash

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

// checkWhole checks what a kill or a fault left in an experiment: every checkpoint under
// its name is whole, and the best so far is among them. It answers how many there are.
func (p place) checkWhole(dir string) int {
	p.Helper()
	paths, err := filepath.Glob(p.path(dir, "checkpoints", "*.pt"))
	if err != nil {
		p.Fatal(err)
	}
	files := map[string]*checkpoint.File{}
	for _, path := range paths {
		f, err := checkpoint.Load(path)
		if err != nil {
			p.Errorf("%v", err)
			continue
		}
		if soak {
			if err := torchLoads(path); err != nil {
				p.Errorf("%s: %v", path, err)
			}
		}
		files[filepath.Base(path)] = f
	}
	last, best := files[checkpoint.LastName], files[checkpoint.BestName]
	if last == nil {
		return len(paths)
	}
	if best == nil {
		p.Errorf("last_model.pt of epoch %d is there, best_model.pt is not", last.Epoch)
	} else if want := bestEpoch(p.T, last); best.Epoch != want && best.Epoch <= last.Epoch {
		p.Errorf("best_model.pt is of epoch %d; the best so far was epoch %d", best.Epoch, want)
	}
	return len(paths)
}

func bestEpoch(t *testing.T, f *checkpoint.File) int64 {
	t.Helper()
	score, err := checkpoint.Value[*checkpoint.Dict](f.TrainerState, "score")
	if err != nil {
		t.Fatal(err)
	}
	epoch, err := checkpoint.Value[int64](score, "best_epoch")
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

var stray = regexp.MustCompile(`\.tmp-|\.unpublished|\.(new|old|trash)-[0-9]+|runs/a/.*/resume\.pt$`)

// checkTidy checks that no file is left that only a run in progress may have. A run that
// was put aside keeps its resume.pt: it may be its only checkpoint.
func (p place) checkTidy() {
	p.Helper()
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && stray.MatchString(path) {
			p.Errorf("stray: %s", path)
		}
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
}

// seed is the seed of the run that has a name, read from its config and its best
// checkpoint, which must agree.
func (p place) seed(dir string) int64 {
	p.Helper()
	f, err := checkpoint.Load(p.path(dir, "checkpoints", checkpoint.BestName))
	if err != nil {
		p.Fatal(err)
	}
	seed, err := checkpoint.Value[int64](f.RandomState, "seed")
	if err != nil {
		p.Fatal(err)
	}
	if text := string(p.read(dir, "config.yaml")); !strings.Contains(text, fmt.Sprintf("seed: %d", seed)) {
		p.Errorf("the checkpoint was trained with seed %d, config.yaml says\n%s", seed, text)
	}
	return seed
}

// loader is a Python process that loads the files that it is told.
type loader struct {
	in  *bufio.Writer
	out *bufio.Reader
}

const loads = `import sys, torch
for line in sys.stdin:
    try:
        keys = sorted(torch.load(line.rstrip("\n")))
        print("ok" if "model_state_dict" in keys else keys, flush=True)
    except Exception as e:
        print(repr(e)[:300].replace("\n", " "), flush=True)
`

var python = sync.OnceValues(func() (*loader, error) {
	venv, err := exec.Command("../../../../interop/venv.sh").Output()
	if err != nil {
		return nil, fmt.Errorf("interop/venv.sh: %w", err)
	}
	cmd := exec.Command(strings.TrimSpace(string(venv)), "-c", loads)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &loader{bufio.NewWriter(in), bufio.NewReader(out)}, cmd.Start() // ends with its stdin
})

// torchLoads says whether torch.load opens a file, with its safe default.
func torchLoads(path string) error {
	l, err := python()
	if err != nil {
		return err
	}
	fmt.Fprintln(l.in, path)
	if err := l.in.Flush(); err != nil {
		return err
	}
	answer, err := l.out.ReadString('\n')
	if err == nil && answer != "ok\n" {
		err = fmt.Errorf("torch.load: %s", answer)
	}
	return err
}
