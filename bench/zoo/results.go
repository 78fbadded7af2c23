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

// readResults are those of the runs before, by the config's name.
func readResults() (map[string]result, error) {
	all := map[string]result{}
	text, err := os.ReadFile(filepath.Join(results, "zoo.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// writeResults writes those of configs that are still there, for programs and as a table.
func writeResults(all map[string]result) error {
	here := configs()
	maps.DeleteFunc(all, func(name string, _ result) bool { return !slices.Contains(here, name) })
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(results, "zoo.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, head, machine())
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r := all[name]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %.0f | %.0f |\n", name, r.Variant, r.text(), r.Seconds, r.CPU)
	}
	return os.WriteFile(filepath.Join(results, "zoo.md"), []byte(b.String()), 0o644)
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
