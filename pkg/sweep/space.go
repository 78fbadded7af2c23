package sweep

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The ways to choose values of a key.
const (
	Grid       = "grid"        // each of the listed values
	Choice     = "choice"      // one of the listed values
	Uniform    = "uniform"     // a number between two limits
	LogUniform = "log-uniform" // a number between two limits, whose logarithm is uniform
)

// Axis is one key with the values that it may have.
type Axis struct {
	Kind   string
	Key    string
	Values []string // of Grid and Choice: YAML texts

	low, high float64
	whole     bool // both limits are whole numbers, and so are the values
}

// Mistake is a search that cannot be, as one sentence.
type Mistake struct{ Msg string }

// Error is the sentence.
func (m *Mistake) Error() string { return m.Msg }

// UserError marks the error as the user's to mend.
func (m *Mistake) UserError() bool { return true }

func mistakef(format string, args ...any) error { return &Mistake{fmt.Sprintf(format, args...)} }

// ParseAxis reads KEY=VALUE,VALUE… as it is given to --grid, --choice, --uniform or
// --log-uniform. A comma in brackets, braces or quotes is part of a value. Limits that are
// written as whole numbers give whole numbers.
func ParseAxis(kind, arg string) (Axis, error) {
	key, list, found := strings.Cut(arg, "=")
	a := Axis{Kind: kind, Key: strings.TrimSpace(key)}
	fail := func(format string, args ...any) (Axis, error) {
		return a, mistakef("--%s %s: %s", kind, arg, fmt.Sprintf(format, args...))
	}
	if !found || a.Key == "" {
		return fail("expected KEY=VALUE,VALUE, as in --%s %s", kind, examples[kind])
	}
	if a.Key == "experiment.name" || a.Key == "experiment.output_dir" || a.Key == "experiment.on_exists" {
		return fail("%s is the sweep's own business: it names the runs after their values", a.Key)
	}
	values, err := split(list)
	if err != nil {
		return fail("%v", err)
	}
	for i, v := range values {
		if v == "" {
			return fail("value %d is empty", i+1)
		}
		for _, before := range values[:i] {
			if v == before {
				return fail("%s comes twice", v)
			}
		}
	}
	if a.Values = values; kind == Grid || kind == Choice {
		return a, nil
	}
	a.Values = nil
	if len(values) != 2 {
		return fail("found %d values, expected the lower and the upper limit, as in --%s %s", len(values), kind, examples[kind])
	}
	if a.low, err = strconv.ParseFloat(values[0], 64); err != nil {
		return fail("%s is no number", values[0])
	}
	if a.high, err = strconv.ParseFloat(values[1], 64); err != nil {
		return fail("%s is no number", values[1])
	}
	if !(a.low < a.high) || math.IsInf(a.low, 0) || math.IsInf(a.high, 0) {
		return fail("the lower limit must be below the upper one, and both finite")
	}
	if kind == LogUniform && a.low <= 0 {
		return fail("the lower limit must be above 0: a logarithm is taken of it")
	}
	a.whole = !strings.ContainsAny(values[0]+values[1], ".eE")
	return a, nil
}

var examples = map[string]string{
	Grid: "model.beta=1,2,4", Choice: "model.encoder.activation=relu,gelu", Uniform: "model.beta=0.5,8.0", LogUniform: "training.optimizer.lr=1e-4,1e-2",
}

// split cuts a list at the commas that are in no brackets and no quotes.
func split(list string) ([]string, error) {
	var out []string
	var open []rune
	start := 0
	quote := rune(0)
	for i, c := range list {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			open = append(open, ']')
		case c == '{':
			open = append(open, '}')
		case c == ']' || c == '}':
			if len(open) == 0 || open[len(open)-1] != c {
				return nil, fmt.Errorf("found %c without its beginning", c)
			}
			open = open[:len(open)-1]
		case c == ',' && len(open) == 0:
			out = append(out, strings.TrimSpace(list[start:i]))
			start = i + 1
		}
	}
	if quote != 0 || len(open) > 0 {
		return nil, fmt.Errorf("a bracket or quote is not closed")
	}
	return append(out, strings.TrimSpace(list[start:])), nil
}
