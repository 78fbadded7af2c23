package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const head = `# The zoo: what each config reaches

Written by ` + "`make zoo`" + `, which trains every config of [configs/zoo](../../configs/zoo) and evaluates it on its test split:
%s. Seconds are those of ` + "`trainer train`" + ` from its start to its end, and what its threads worked.

| config | variant | reaches | seconds | CPU seconds |
|---|---|---|---|---|
`

const frontierHead = `
## The variants of sparse autoencoders on the plane of L0 and FVU

[configs/zoo/frontier.yaml](../../configs/zoo/frontier.yaml) trains each at three sparsities; ordered by the mean FVU, the best first. A star
is a run that no other one beats in both. ` + "`trainer compare --frontier`" + ` plots them:

![FVU over L0](frontier.png)

`

// zoo is all results, by the config's name.
type zoo struct {
	Configs  map[string]result `json:"configs"`
	Frontier []place           `json:"frontier"`
}

// readResults are those of the runs before.
func readResults() (*zoo, error) {
	z := &zoo{Configs: map[string]result{}}
	text, err := os.ReadFile(filepath.Join(results, "zoo.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return z, nil
	}
	if err != nil {
		return nil, err
	}
	return z, json.Unmarshal(text, z)
}

// write keeps the results of configs that are still there, for programs and as a page.
func (z *zoo) write() error {
	here := configs()
	maps.DeleteFunc(z.Configs, func(name string, _ result) bool { return !slices.Contains(here, name) })
	text, err := json.MarshalIndent(z, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(results, "zoo.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(results, "zoo.md"), []byte(z.page()), 0o644)
}

func (z *zoo) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, head, machine())
	for _, name := range slices.Sorted(maps.Keys(z.Configs)) {
		r := z.Configs[name]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %.0f | %.0f |\n", name, r.Variant, r.text(), r.Seconds, r.CPU)
	}
	if len(z.Frontier) > 0 {
		b.WriteString(frontierHead + frontierTable(z.Frontier))
	}
	return b.String()
}

// machine names the processor.
func machine() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "an unknown processor"
	}
	_, model, _ := strings.Cut(string(text), "model name\t: ")
	model, _, _ = strings.Cut(model, "\n")
	return fmt.Sprintf("%s, %d cores", model, strings.Count(string(text), "model name\t: "))
}
