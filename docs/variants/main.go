// Command variants writes docs/variants.md, the table of what the tests tried of each
// variant. `make variants` runs the tests and gives it their output.
//
//	go test -json PACKAGES | go run ./docs/variants docs/variants.md
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gotrainer/trainer/pkg/model/builtin"
)

const head = `# Variants, and what was tried of each

Written by ` + "`make variants`" + ` from the results of the tests: a cell is there because its test passed.

- **float64**: the largest difference to a plain PyTorch twin, of outputs, loss, metrics and every gradient, in
  shares of the largest value; in brackets the number of configs that were compared.
- **100 losses**: the largest relative difference of the losses of 100 float32 training steps.
- **captured**: 201 steps captured once and replayed give the plain steps bit by bit, and so does a run that goes on
  from a checkpoint between them; the number of configs. (Tried with a double of CUDA graphs on the CPU.)
- **kill -9**: a run that is cut at random moments and resumed ends as the whole run, bit by bit; the number of cuts.
- **reported**: a run whose metrics MLflow's file store has, that is evaluated, and of which there is a report with its
  curves and pictures; the number of configs.
- **recovered**: on data of a known dictionary, at its L0, the share of its directions that are rows of the decoder.
- **compat**: libraries whose own losses of 100 steps are met, with the largest relative difference; see
  [compat.md](compat.md).

| variant | float64 | 100 losses | captured | kill -9 | reported | recovered | compat |
|---|---|---|---|---|---|---|---|
`

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("variants needs the path of the table")
	}
	found, err := read(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(head)
	for _, v := range builtin.Registry() {
		b.WriteString(found[v.Type+"/"+v.Name].row(v.Type, v.Name))
	}
	if err := os.WriteFile(os.Args[1], []byte(b.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}

// results are what tests found of a variant.
type results struct {
	parity, losses float64 // the largest
	cases, trained int
	captured, cut  int
	reported       int
	recovered      float64            // the least share, 0 where it was not tried
	compat         map[string]float64 // the largest difference, by library
}

func (r *results) row(typ, name string) string {
	if r == nil {
		r = &results{}
	}
	cell := func(ok bool, format string, args ...any) string {
		if !ok {
			return "–"
		}
		return fmt.Sprintf(format, args...)
	}
	var libraries []string
	for _, name := range slices.Sorted(maps.Keys(r.compat)) {
		libraries = append(libraries, fmt.Sprintf("%s %.0e", name, r.compat[name]))
	}
	return fmt.Sprintf("| %s `%s` | %s | %s | %s | %s | %s | %s | %s |\n", typ, name,
		cell(r.cases > 0, "%.0e (%d)", r.parity, r.cases), cell(r.trained > 0, "%.0e", r.losses),
		cell(r.captured > 0, "%d", r.captured), cell(r.cut > 0, "%d", r.cut),
		cell(r.reported > 0, "%d", r.reported), cell(r.recovered > 0, "%.0f %%", 100*r.recovered), cell(len(libraries) > 0, "%s", strings.Join(libraries, ", ")))
}

// event is a line of go test -json.
type event struct{ Action, Package, Test, Output string }

var line = regexp.MustCompile(`result (\S+) (\S+) (\S+)\s*$`)

// read collects the results of the tests that passed; one that failed is an error.
func read(in io.Reader) (map[string]*results, error) {
	said := map[string][][]string{}
	found := map[string]*results{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			if m := line.FindStringSubmatch(e.Output); m != nil {
				said[key] = append(said[key], m)
			}
		case "fail":
			return nil, fmt.Errorf("%s failed: the table stays as it is", key)
		case "pass":
			for _, m := range said[key] {
				if err := add(found, m[1], m[2], m[3]); err != nil {
					return nil, fmt.Errorf("%s: %w", key, err)
				}
			}
		}
	}
	return found, lines.Err()
}

func add(found map[string]*results, variant, what, figure string) error {
	x, err := strconv.ParseFloat(figure, 64)
	if err != nil {
		return err
	}
	r := found[variant]
	if r == nil {
		r = &results{compat: map[string]float64{}}
		found[variant] = r
	}
	library, isCompat := strings.CutPrefix(what, "compat:")
	switch {
	case isCompat:
		r.compat[library] = max(r.compat[library], x)
	case what == "parity":
		r.parity, r.cases = max(r.parity, x), r.cases+1
	case what == "losses":
		r.losses, r.trained = max(r.losses, x), r.trained+1
	case what == "captured":
		r.captured++
	case what == "cut":
		r.cut += int(x)
	case what == "reported":
		r.reported++
	case what == "recovered" && (r.recovered == 0 || x < r.recovered):
		r.recovered = x
	case what == "recovered":
	default:
		return fmt.Errorf("the result %q is not known", what)
	}
	return nil
}
