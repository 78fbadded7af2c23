package rings

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gotrainer/trainer/"

// rule is what a package may import besides the standard library; a name that ends in
// /... is of all packages below it.
type rule struct {
	pkg  string
	may  []string // packages of the module, without its name, and libraries
	why  string
	also string // why more than the ring's rule is allowed; empty for none
}

const (
	files  = "ring 0: passes its tests without libtorch and cgo, so that everything but tensors can be tested and run anywhere; its parts are put together by the commands, not by one another"
	views  = "above ring 0: joins what several of its packages wrote for one run; nothing but commands and reports uses it, and it needs neither libtorch nor cgo"
	raw    = "ring 1: the only package with import \"C\"; what else it imported, everything would depend on"
	tensor = "ring 2: tensors know nothing of layers, models or files"
	layers = "ring 3: layers and optimizers know tensors alone"
	models = "ring 4: a model knows layers and its own section of the config; how it is trained, stored and shown is not its business"
	loops  = "ring 5: the loop and the inference see data, files and terminals through the interfaces that they declare, so that each can be tested with three lines"
	top    = "ring 6: the only place that knows every package"
	door   = "a program around ring 6: main and, where it is a user's, a model"
	tools  = "a tool of the project: nothing imports it"
	tests  = "helpers of tests: importable by tests of every ring above what they use"
)

var rules = []rule{
	{pkg: "pkg/atomicfile", why: files},
	{pkg: "pkg/nearest", why: files},
	{pkg: "pkg/learn", why: files},
	{pkg: "pkg/metrics", may: []string{"pkg/learn", "pkg/ssim"}, why: files, also: "learn and ssim are leaves: the predictors that some measures are defined by, and the constants of one"},
	{pkg: "pkg/ssim", why: files},
	{pkg: "pkg/schedule", why: files},
	{pkg: "pkg/config", may: []string{"pkg/nearest", "gopkg.in/yaml.v3"}, why: files, also: "nearest is a leaf: the name that was meant"},
	{pkg: "pkg/npy", may: []string{"pkg/atomicfile"}, why: files, also: "atomicfile is a leaf: how a file is written whole"},
	{pkg: "pkg/dataset", may: []string{"pkg/npy", "pkg/safetensors", "pkg/imagefolder", "pkg/parquetfile", "pkg/packed", "github.com/kshedden/gonpy"}, why: files, also: "npy, safetensors, parquetfile and imagefolder are leaves, formats of arrays and pictures; packed is where arrays that were made of them are kept"},
	{pkg: "pkg/imagefolder", may: []string{"golang.org/x/image/draw", "golang.org/x/image/webp"}, why: files},
	{pkg: "pkg/parquetfile", may: []string{"pkg/npy", "github.com/parquet-go/parquet-go", "github.com/parquet-go/parquet-go/format"}, why: files, also: "npy is a leaf: what a float16 is"},
	{pkg: "pkg/packed", may: []string{"pkg/atomicfile", "pkg/npy"}, why: files, also: "atomicfile and npy are leaves: how an array is written whole"},
	{pkg: "pkg/checkpoint", may: []string{"pkg/atomicfile"}, why: files, also: "atomicfile is a leaf: how a file is written whole"},
	{pkg: "pkg/safetensors", why: files},
	{pkg: "pkg/export", may: []string{"pkg/checkpoint", "pkg/npy", "pkg/safetensors"}, why: files, also: "its parts are formats of arrays: layouts are made of them"},
	{pkg: "pkg/profile", why: files},
	{pkg: "pkg/experiment", may: []string{"pkg/atomicfile", "pkg/nearest"}, why: files, also: "atomicfile and nearest are leaves: how a file is written whole, and the name that was meant"},
	{pkg: "pkg/track", may: []string{"pkg/atomicfile", "golang.org/x/term"}, why: files, also: "atomicfile is a leaf: how a file is written whole"},
	{pkg: "pkg/archive", may: []string{"pkg/atomicfile", "github.com/klauspost/compress/zstd"}, why: files, also: "atomicfile is a leaf: how a file is written whole"},
	{pkg: "pkg/sweep", why: files},
	{pkg: "pkg/report", may: []string{"gonum.org/v1/plot", "gonum.org/v1/plot/..."}, why: files},
	{pkg: "pkg/runs", may: []string{"pkg/checkpoint", "pkg/config", "pkg/experiment", "pkg/nearest", "pkg/track", "gopkg.in/yaml.v3"}, why: views},
	{pkg: "pkg/track/mlflow", may: []string{"pkg/atomicfile", "pkg/track", "gopkg.in/yaml.v3"}, why: files, also: "it is a part of track with a package of its own: it is fed from track's journal"},
	{pkg: "cgo", may: []string{"C"}, why: raw},
	{pkg: "pkg/torch", may: []string{"cgo"}, why: tensor},
	{pkg: "pkg/nvml", may: []string{"cgo"}, why: "ring 2: what the driver tells of a GPU knows nothing of tensors"},
	{pkg: "pkg/torch/drivertest", why: tests},
	{pkg: "pkg/nn", may: []string{"pkg/torch"}, why: layers},
	{pkg: "pkg/optim", may: []string{"pkg/torch", "pkg/nn"}, why: layers, also: "an optimizer's state is named tensors, as nn has them, and is loaded as strictly"},
	{pkg: "pkg/model", may: []string{"pkg/torch", "pkg/nn", "pkg/optim"}, why: models},
	{pkg: "pkg/model/custom", may: []string{"pkg/torch", "pkg/nn", "pkg/model", "pkg/config"}, why: models, also: "its list of layers is a form of its own, which it reads from the config itself"},
	{pkg: "pkg/model/vae", may: []string{"pkg/torch", "pkg/nn", "pkg/model", "pkg/ssim"}, why: models, also: "ssim is constants"},
	{pkg: "pkg/model/builtin", may: []string{"pkg/model", "pkg/model/..."}, why: models},
	{pkg: "pkg/model/...", may: []string{"pkg/torch", "pkg/nn", "pkg/model"}, why: models},
	{pkg: "pkg/train", may: []string{"pkg/torch", "pkg/nn", "pkg/optim", "pkg/model", "pkg/schedule"}, why: loops, also: "schedule is pure functions of the step"},
	{pkg: "pkg/infer", may: []string{"pkg/torch", "pkg/nn", "pkg/model"}, why: loops},
	{pkg: "pkg/trainer/internal/starter", why: "text only"},
	{pkg: "pkg/trainer", may: []string{"pkg/...", "github.com/urfave/cli/v2", "gopkg.in/yaml.v3", "golang.org/x/sys/unix"}, why: top},
	{pkg: "pkg/trainer/internal/...", why: tests},
	{pkg: "cmd/trainer", may: []string{"pkg/trainer"}, why: door},
	{pkg: "examples/custom-go", may: []string{"pkg/trainer", "pkg/model", "pkg/nn", "pkg/torch"}, why: door},
	{pkg: "internal/...", why: tests},
	{pkg: "pkg/internal/...", may: []string{"pkg/torch", "pkg/safetensors", "pkg/internal/..."}, why: tests},
	{pkg: "cgo/gen", why: tools},
	{pkg: "docs/gen", may: []string{"pkg/..."}, why: tools},
	{pkg: "docs/variants", may: []string{"pkg/model/builtin"}, why: tools},
	{pkg: "bench/...", may: []string{"pkg/..."}, why: tools},
	{pkg: "interop/...", may: []string{"pkg/..."}, why: tools},
}

func TestImportsPointDownTheRings(t *testing.T) {
	list := listed(t, "Imports")
	for _, pkg := range slices.Sorted(maps.Keys(list)) {
		imports := list[pkg]
		r, ok := ruleOf(pkg)
		if !ok {
			t.Errorf("%s has no rule; add one to this test: its ring, and what it may import", pkg)
			continue
		}
		for _, imported := range imports {
			if !isStandard(imported) && !slices.ContainsFunc(r.may, func(m string) bool { return matches(m, imported) }) {
				t.Errorf("%s imports %s\n  %s", pkg, imported, r.why)
			}
		}
	}
}

func TestEachRuleIsOfAPackageAndHasAReason(t *testing.T) {
	have := listed(t, "Imports")
	for _, r := range rules {
		if r.why == "" {
			t.Errorf("%s has no reason", r.pkg)
		}
		found := false
		for pkg := range have {
			found = found || matches(r.pkg, pkg)
		}
		if !found {
			t.Errorf("there is no %s; take its rule away", r.pkg)
		}
	}
}

func TestRing0ReachesNeitherCgoNorTensors(t *testing.T) {
	deps := listed(t, "Deps")
	for _, r := range rules {
		for _, dep := range deps[r.pkg] {
			// Of the standard library, os/user and net use cgo where there is one, and do without.
			own := dep == "runtime/cgo" && !slices.Contains(deps[r.pkg], "os/user") && !slices.Contains(deps[r.pkg], "net")
			if (r.why == files || r.why == views) && (dep == "C" || dep == "cgo" || own || dep == "pkg/torch") {
				t.Errorf("%s depends on %s\n  %s", r.pkg, dep, r.why)
			}
		}
	}
}

func TestOnlyProgramsImportTheCommands(t *testing.T) {
	for pkg, imports := range listed(t, "Imports") {
		program := strings.HasPrefix(pkg, "cmd/") || strings.HasPrefix(pkg, "examples/")
		for _, imported := range imports {
			if imported == "pkg/trainer" && !program || strings.HasPrefix(imported, "cmd/") {
				t.Errorf("%s imports %s\n  %s", pkg, imported, top)
			}
		}
	}
}

// ruleOf is the first rule that names the package.
func ruleOf(pkg string) (rule, bool) {
	i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.pkg, pkg) })
	if i < 0 {
		return rule{}, false
	}
	return rules[i], true
}

func matches(pattern, pkg string) bool {
	folder, all := strings.CutSuffix(pattern, "/...")
	return pkg == pattern || all && strings.HasPrefix(pkg, folder+"/")
}

// isStandard tells the standard library, whose first element has no dot, and the calls
// of the system that it does not have.
func isStandard(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	if pkg == "golang.org/x/sys/unix" {
		return true
	}
	return pkg != "C" && !strings.Contains(first, ".") && !slices.Contains([]string{"cmd", "pkg", "cgo", "bench", "docs", "interop", "examples"}, first)
}

// listed asks go list for a field of every package of the module; names in the module
// are without its own. It sees the files that cgo is for also where the test has none.
func listed(t *testing.T, field string) map[string][]string {
	t.Helper()
	look(t, "../../..")
	cmd := exec.Command("go", "list", "-buildvcs=false", "-f", `{{.ImportPath}}{{range .`+field+`}} {{.}}{{end}}`, module+"...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &messages)
	}
	list := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(strings.ReplaceAll(line, module, ""))
		list[names[0]] = names[1:]
	}
	return list
}

// look touches every Go file, so that go test does not answer from its cache when one
// of them changes: it does not see what go list reads.
func look(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // a file that goes away meanwhile
		case d.IsDir() && d.Name() == ".git":
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			os.Stat(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
