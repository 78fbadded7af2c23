package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// rules are the checks of one key.
type rules struct {
	required    bool
	unique      bool
	emptyAbsent bool // an empty section counts as absent
	min, max    float64
	above, less float64 // exclusive bounds
	minLen      int
	oneOf       []string
	named       string
	or          string // a word that may stand in place of a number, and is read as 0
}

func parseRules(tag string) (rules, error) {
	r := rules{min: math.Inf(-1), max: math.Inf(1), above: math.Inf(-1), less: math.Inf(1)}
	for _, text := range splitTag(tag, ",") {
		name, arg, hasArg := strings.Cut(text, "=")
		if !hasArg {
			if err := r.flag(name); err != nil {
				return r, err
			}
			continue
		}
		if err := r.bound(name, arg); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r *rules) flag(name string) error {
	switch name {
	case "required":
		r.required = true
	case "unique":
		r.unique = true
	case "emptyabsent":
		r.emptyAbsent = true
	default:
		if _, ok := namedChecks[name]; !ok {
			return fmt.Errorf("check %q is not known", name)
		}
		r.named = name
	}
	return nil
}

func (r *rules) bound(name, arg string) error {
	switch name {
	case "oneof":
		r.oneOf = splitTag(arg, "|")
		return nil
	case "or":
		r.or = arg
		return nil
	}
	x, err := strconv.ParseFloat(arg, 64)
	if err != nil {
		return fmt.Errorf("check %s=%s: not a number", name, arg)
	}
	switch name {
	case "min":
		r.min = x
	case "max":
		r.max = x
	case "gt":
		r.above = x
	case "lt":
		r.less = x
	case "minlen":
		r.minLen = int(x)
	default:
		return fmt.Errorf("check %q is not known", name)
	}
	return nil
}

// number reports whether x is in the range.
func (r rules) number(x float64) bool {
	return x >= r.min && x <= r.max && x > r.above && x < r.less
}

// text reports whether s is one that the rules allow.
func (r rules) text(s string) bool {
	if len(r.oneOf) > 0 && !slices.Contains(r.oneOf, s) {
		return false
	}
	return r.named == "" || namedChecks[r.named].ok(s)
}

// rangeText completes "a number": " of at least 1", " above 0 and below 1"; "".
func (r rules) rangeText() string {
	if !math.IsInf(r.min, 0) && !math.IsInf(r.max, 0) {
		return fmt.Sprintf(" from %v to %v", r.min, r.max)
	}
	var parts []string
	for _, b := range []struct {
		words string
		x     float64
	}{{"of at least", r.min}, {"above", r.above}, {"at most", r.max}, {"below", r.less}} {
		if !math.IsInf(b.x, 0) {
			parts = append(parts, fmt.Sprintf("%s %v", b.words, b.x))
		}
	}
	text := ""
	if len(parts) > 0 {
		text = " " + strings.Join(parts, " and ")
	}
	if strings.HasPrefix(text, " at most") {
		text = " of" + text
	}
	if r.or != "" {
		text += ", or " + r.or
	}
	return text
}

// textWanted is what a text of these rules may be.
func (r rules) textWanted() string {
	switch {
	case len(r.oneOf) > 0:
		return joinWords(r.oneOf, "or")
	case r.named != "":
		return namedChecks[r.named].wanted
	}
	return "text"
}
