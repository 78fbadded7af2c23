package runs

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/nearest"
)

// Mistake is an error of whoever asks, as one sentence.
type Mistake struct{ Msg string }

// Error is the sentence.
func (m *Mistake) Error() string { return m.Msg }

// UserError marks the error as the user's to mend.
func (m *Mistake) UserError() bool { return true }

func mistakef(format string, args ...any) error { return &Mistake{fmt.Sprintf(format, args...)} }

// Condition is one comparison of a run's value, such as model.beta>2.
type Condition struct {
	Name, Op, Want string
	number         float64 // Want as a number, a size in bytes or a time in seconds
	isNumber       bool
	pattern        *regexp.Regexp // of ~
}

var conditionPattern = regexp.MustCompile(`^\s*([^\s=!<>~]+)\s*(<=|>=|!=|==|=|<|>|~)\s*(.*?)\s*$`)

// ParseCondition reads NAME OP VALUE. The operators are = (or ==), !=, <, <=, >, >= and
// ~, which searches the value as text for a regular expression. Numbers are compared as
// such, also with a unit of size (10MB, 1.5GiB) or time (90s, 2h); all else as text.
func ParseCondition(expr string) (Condition, error) {
	m := conditionPattern.FindStringSubmatch(expr)
	if m == nil {
		return Condition{}, mistakef("--where %q: expected NAME OPERATOR VALUE with one of = != < <= > >= ~, as in --where 'model.beta>2'", expr)
	}
	c := Condition{Name: m[1], Op: m[2], Want: strings.Trim(m[3], `"'`)}
	if c.Op == "==" {
		c.Op = "="
	}
	if c.Op == "~" {
		var err error
		if c.pattern, err = regexp.Compile(c.Want); err != nil {
			return c, mistakef("--where %q: %v", expr, err)
		}
		return c, nil
	}
	c.number, c.isNumber = parseAmount(c.Want)
	return c, nil
}

var amountPattern = regexp.MustCompile(`^([0-9.]+) ?([kKMGT]i?)B$`)

// parseAmount reads a number, a size or a time.
func parseAmount(s string) (float64, bool) {
	if x, err := strconv.ParseFloat(s, 64); err == nil {
		return x, true
	}
	if m := amountPattern.FindStringSubmatch(s); m != nil {
		x, err := strconv.ParseFloat(m[1], 64)
		power := 1 + strings.Index("kmgt", strings.ToLower(m[2][:1]))
		unit := 1000.0
		if strings.HasSuffix(m[2], "i") {
			unit = 1024
		}
		for range power {
			x *= unit
		}
		return x, err == nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d.Seconds(), true
	}
	return 0, false
}

// Holds says whether the condition is true of the run. A run that has no such value
// matches != alone.
func (c Condition) Holds(r *Run) bool {
	v, ok := r.Value(c.Name)
	if !ok {
		return c.Op == "!="
	}
	if c.pattern != nil {
		return c.pattern.MatchString(Text(v))
	}
	x, isNumber := v.(float64)
	if d, is := v.(time.Duration); is {
		x, isNumber = d.Seconds(), true
	}
	var order int
	switch {
	case isNumber && c.isNumber && x != x: // NaN is neither more nor less, and equal to nothing
		return c.Op == "!="
	case isNumber && c.isNumber:
		order = cmp.Compare(x, c.number)
	default:
		order = strings.Compare(Text(v), c.Want)
	}
	switch c.Op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// Filter keeps the runs of which all conditions are true. A name that no run has is a
// mistake of the user's.
func Filter(list []*Run, where []Condition) ([]*Run, error) {
	for _, c := range where {
		if err := CheckName(list, c.Name); err != nil {
			return nil, fmt.Errorf("--where %s%s%s: %w", c.Name, c.Op, c.Want, err)
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(r *Run) bool {
		return slices.ContainsFunc(where, func(c Condition) bool { return !c.Holds(r) })
	}), nil
}

// CheckName holds that one of the runs has a value of that name.
func CheckName(list []*Run, name string) error {
	if len(list) == 0 || slices.Contains(Columns, name) {
		return nil
	}
	for _, r := range list {
		if _, ok := r.Value(name); ok {
			return nil
		}
	}
	if near := meant(name, Known(list)); near != "" {
		return mistakef("no run has %s; did you mean %s?", name, near)
	}
	return mistakef("no run has %s; expected a key of the config such as model.type, a metric such as val/loss, or one of %s", name, strings.Join(Columns, ", "))
}

// meant is the name that ends alike, or the one that differs least.
func meant(want string, names []string) string {
	for _, n := range names {
		if strings.HasSuffix(n, "."+want) || strings.HasSuffix(n, "/"+want) {
			return n
		}
	}
	return nearest.Name(want, names)
}
