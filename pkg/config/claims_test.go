package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// bomb unfolds to 9^depth values.
func bomb(depth int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < depth; i++ {
		ref := fmt.Sprintf("*a%d", i-1)
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(ref+", ", 9), ", "))
	}
	return b.String()
}

// Texts that mean far more than they are long are refused at a bounded cost.
func TestConfigsThatUnfoldWithoutEndAreRefused(t *testing.T) {
	merges := "a0: &a0 {k: v}\n"
	for i := range 20 {
		merges += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d], x: *a%d, y: *a%d}\n", i+1, i+1, i, i, i, i)
	}
	for name, c := range map[string]struct{ text, want string }{
		"alias bomb":       {bomb(10), "values, with what its aliases stand for"},
		"merges":           {merges, "values, with what its aliases stand for"},
		"alias to itself":  {"a: &a [*a]\n", "refers to the very value that it stands in"},
		"merge of itself":  {"a: &a {<<: *a}\n", "refers to the very value"},
		"deep flow":        {"a: " + strings.Repeat("[", 900), "not valid YAML"},
		"deep block":       {strings.Repeat("? ", 400) + "x\n", "c.yaml:"},
		"override by bomb": {"a: 1\n", "model.x"},
	} {
		if len(c.text) > 2048 {
			t.Fatalf("%s: %d bytes", name, len(c.text))
		}
		o := testOptions()
		if name == "override by bomb" {
			o.Set = []string{"model.x={" + strings.ReplaceAll(strings.TrimSpace(bomb(10)), "\n", ", ") + "}"}
		}
		var err error
		used := bounded.Memory(func() { _, _, err = ParseTrain("c.yaml", []byte("training: {lr: 1}\n"+c.text), o) })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if used > 8<<20 {
			t.Errorf("%s: %d kB of memory were taken", name, used>>10)
		}
	}
}

// The largest file that is read at all, of nothing but unknown keys.
func TestAMegabyteOfUnknownKeysIsRefusedAtABoundedCost(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < maxFile-20; i++ {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	bounded.Run(t, func() {
		if _, _, err := ParseTrain("c.yaml", []byte(b.String()), testOptions()); err == nil {
			t.Error("no error")
		}
	})
}
