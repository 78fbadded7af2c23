package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// describeFound names a value in a message. The value of an environment variable is
// never shown: it may be a secret.
func describeFound(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a section"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "*" + n.Value
	}
	switch tag := n.ShortTag(); {
	case isNull(n):
		return "nothing"
	case hasReference(n.Value):
		return shorten(n.Value, 40) + " (its value is not shown)"
	case tag == "!!str":
		return fmt.Sprintf("%q", shorten(n.Value, 40))
	case tag == "!!bool" || tag == "!!int" || tag == "!!float" || tag == "!!timestamp":
		return shorten(n.Value, 40)
	default:
		return shorten(n.Tag+" "+n.Value, 40)
	}
}

// scalar gives a scalar's text with its references resolved. loose: the text came from
// the environment, so the key's type decides what it is.
func (d *decoder) scalar(n *yaml.Node, at spot) (text string, loose, ok bool) {
	if !hasReference(n.Value) {
		return n.Value, false, true
	}
	text, loose, problem := resolve(n.Value, d.env)
	if problem != "" {
		d.problem(n, at, problem)
		return "", loose, false
	}
	return text, loose, true
}

// wrong reports a value that is not what was expected; hint may be empty.
func (d *decoder) wrong(n *yaml.Node, at spot, expected, hint string) {
	text := "found " + describeFound(n) + ", expected " + expected
	if hint != "" {
		text += "; " + hint
	}
	d.problem(n, at, text)
}

// text reads a text.
func (d *decoder) text(n *yaml.Node, r rules, at spot) (string, bool) {
	wanted := r.textWanted()
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.wrong(n, at, wanted, "")
		return "", false
	}
	s, loose, ok := d.scalar(n, at)
	if !ok {
		return "", false
	}
	tag := n.ShortTag()
	bare := tag == "!!bool" && len(r.oneOf) > 0 || tag == "!!int" && r.named == "every"
	if bare && tag == "!!bool" {
		s = strings.ToLower(s)
	}
	if tag != "!!str" && !loose && (!bare || !r.text(s)) {
		d.wrong(n, at, wanted, quotesHint(n, r))
		return "", false
	}
	if !r.text(s) {
		d.wrong(n, at, wanted, r.textHint(s, hasReference(n.Value)))
		return "", false
	}
	return s, true
}

// quotesHint tells how text that YAML reads as something else is written.
func quotesHint(n *yaml.Node, r rules) string {
	what := map[string]string{"!!int": "a number", "!!float": "a number", "!!bool": "true or false", "!!timestamp": "a date"}[n.ShortTag()]
	if what == "" || len(r.oneOf) > 0 || r.named == "every" || r.named == "device" || r.named == "monitor" {
		return ""
	}
	return fmt.Sprintf("YAML reads it as %s, write %q in quotes", what, n.Value)
}

// textHint is what the user probably meant; silent on the values of variables.
func (r rules) textHint(s string, secret bool) string {
	switch {
	case secret:
		return ""
	case len(r.oneOf) > 0:
		return didYouMean(likely(s, r.oneOf))
	case r.named != "" && namedChecks[r.named].hint != nil:
		return namedChecks[r.named].hint(s)
	}
	return ""
}

// truth reads true or false.
func (d *decoder) truth(n *yaml.Node, at spot) (value, ok bool) {
	if n.Kind == yaml.ScalarNode {
		s, loose, ok := d.scalar(n, at)
		if !ok {
			return false, false
		}
		s = strings.ToLower(s)
		if (loose || n.ShortTag() == "!!bool") && (s == "true" || s == "false") {
			return s == "true", true
		}
		if hint, ok := map[string]string{"yes": "true", "on": "true", "no": "false", "off": "false"}[s]; ok && !loose {
			d.wrong(n, at, "true or false", "write "+hint)
			return false, false
		}
	}
	d.wrong(n, at, "true or false", "")
	return false, false
}

var (
	decimal     = regexp.MustCompile(`^[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$`)
	otherBase   = regexp.MustCompile(`^[-+]?0[xob][0-9a-fA-F_]+$`)
	leadingZero = regexp.MustCompile(`^[-+]?0[0-9_]`)
	comma       = regexp.MustCompile(`^[-+]?[0-9]+,[0-9]+$`)
)

// parseNumber reads a YAML number. whole: it is an integer that exact holds.
func parseNumber(s string) (x float64, exact int64, whole, ok bool) {
	plain := strings.ReplaceAll(s, "_", "")
	switch {
	case otherBase.MatchString(s):
		i, err := strconv.ParseInt(plain, 0, 64)
		return float64(i), i, err == nil, err == nil
	case !decimal.MatchString(s) || leadingZero.MatchString(s):
		return 0, 0, false, false
	}
	if i, err := strconv.ParseInt(plain, 10, 64); err == nil {
		return float64(i), i, true, true
	}
	x, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return 0, 0, false, false
	}
	const exactBelow = 1 << 53
	whole = x == math.Trunc(x) && math.Abs(x) <= exactBelow
	if whole {
		exact = int64(x)
	}
	return x, exact, whole, true
}

// number reads a number, or with wholeOnly a whole one.
func (d *decoder) number(n *yaml.Node, r rules, at spot, wholeOnly bool) (x float64, exact int64, ok bool) {
	wanted := "a number" + r.rangeText()
	if wholeOnly {
		wanted = "a whole number" + r.rangeText()
	}
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.wrong(n, at, wanted, "")
		return 0, 0, false
	}
	s, loose, ok := d.scalar(n, at)
	if !ok {
		return 0, 0, false
	}
	if r.or != "" && s == r.or {
		return 0, 0, true
	}
	tag := n.ShortTag()
	x, exact, whole, ok := parseNumber(s)
	if !ok || !loose && tag != "!!int" && tag != "!!float" || wholeOnly && !whole || !r.number(x) {
		d.wrong(n, at, wanted, numberHint(s, tag, loose, wholeOnly))
		return 0, 0, false
	}
	if wholeOnly && !loose && tag == "!!float" {
		n.Value, n.Tag, n.Style = strconv.FormatInt(exact, 10), "!!int", 0
	}
	return x, exact, true
}

func numberHint(s, tag string, loose, wholeOnly bool) string {
	x, _, whole, ok := parseNumber(s)
	switch {
	case loose:
		return ""
	case ok && tag == "!!str":
		return "remove the quotes"
	case ok && wholeOnly && !whole && x == math.Trunc(x):
		return "it is too large"
	case tag == "!!float" && !decimal.MatchString(s):
		return "it must be finite"
	case comma.MatchString(s):
		return "write the decimals with a point, as " + strings.Replace(s, ",", ".", 1)
	case leadingZero.MatchString(s) && decimal.MatchString(s):
		return "write it without the leading zero, which YAML tools read in different ways"
	}
	return ""
}
