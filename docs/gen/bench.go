package main

import (
	"fmt"
	"slices"
	"strings"
)

// opponents are those of bench/results/cpu.md that the README shows: of every workload
// whatever the result, with the fewest threads that it was timed with.
var opponents = []string{"torch.compile", "Lightning", "SAELens", "PyTorch loop + np.save, without the start of either"}

// benchTable is the README's extract of the benchmark's first table.
func benchTable(results string) (string, error) {
	head, rest, _ := strings.Cut(strings.TrimPrefix(results, "# trainer beside others, on cpu\n\n"), "\n\n")
	seen := map[string]string{}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| workload | threads | against | ours ms | theirs ms | ratio (least–most) |\n|---|---|---|---|---|---|\n", strings.ReplaceAll(head, "\n", " "))
	rows := 0
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "Peak") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) < 7 || !slices.Contains(opponents, cells[2]) {
			continue
		}
		key := cells[0] + "|" + cells[2]
		if threads, ok := seen[key]; ok && threads != cells[1] {
			continue
		}
		seen[key] = cells[1]
		against, _, _ := strings.Cut(cells[2], ", without")
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s (%s) |\n", cells[0], cells[1], against, cells[3], cells[4], cells[5], cells[6])
		rows++
	}
	if rows == 0 {
		return "", fmt.Errorf("bench/results/cpu.md: no row against %s", strings.Join(opponents, ", "))
	}
	return b.String(), nil
}
