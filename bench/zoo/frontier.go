package main

import (
	"cmp"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// frontierName is the config of many sparse autoencoders, which are compared with one another.
const frontierName = "frontier"

// place is one of them on the plane of L0 and FVU.
type place struct {
	Name, Variant      string
	L0, FVU, Recovered float64
	Pareto             bool
}

// runFrontier trains them on one pass and plots them.
func runFrontier() (places []place, err error) {
	var trained []struct{ Dir string }
	if _, err := train(frontierName, &trained); err != nil {
		return nil, err
	}
	args := []string{"compare", "--frontier", "--json", "--png", filepath.Join(results, "frontier.png")}
	for _, t := range trained {
		args = append(args, t.Dir)
	}
	var compared struct{ Runs []place }
	err = answer(exec.Command(trainer, args...), &compared)
	return compared.Runs, err
}

// frontierTable ranks the variants by the mean of their FVU, the best first.
func frontierTable(places []place) string {
	byVariant := map[string][]place{}
	var variants []string
	for _, p := range places {
		if byVariant[p.Variant] == nil {
			variants = append(variants, p.Variant)
		}
		byVariant[p.Variant] = append(byVariant[p.Variant], p)
	}
	mean := func(variant string) (sum float64) {
		for _, p := range byVariant[variant] {
			sum += p.FVU / float64(len(byVariant[variant]))
		}
		return sum
	}
	slices.SortFunc(variants, func(a, b string) int { return cmp.Compare(mean(a), mean(b)) })
	var b strings.Builder
	b.WriteString("| variant | L0: FVU, directions recovered |\n|---|---|\n")
	for _, v := range variants {
		var cells []string
		for _, p := range byVariant[v] {
			star := ""
			if p.Pareto {
				star = " *"
			}
			cells = append(cells, fmt.Sprintf("%.1f: %.3f, %.0f %%%s", p.L0, p.FVU, 100*p.Recovered, star))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", v, strings.Join(cells, "; "))
	}
	return b.String()
}
