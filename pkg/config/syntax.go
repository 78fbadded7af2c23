package config

import (
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// parseText gives the one mapping that the text holds.
func parseText(file, text string) (*yaml.Node, error) {
	var doc, second yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(text))
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return nil, fileError(file, "is empty, expected a config with sections such as experiment:")
	case err != nil:
		return nil, syntaxError(file, text, err)
	}
	root := doc.Content[0]
	if isNull(root) {
		return nil, fileError(file, "is empty, expected a config with sections such as experiment:")
	}
	if root.Kind != yaml.MappingNode {
		return nil, &Error{Problems: []Problem{{File: file, Line: root.Line, Column: root.Column,
			Text: "found " + describeFound(root) + ", expected a config with sections such as experiment:"}}}
	}
	if err := dec.Decode(&second); err == nil {
		return nil, &Error{Problems: []Problem{{File: file, Line: secondDocument(text), Column: 1,
			Text: "found a second YAML document (---), expected one config in a file"}}}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(file, text, err)
	}
	return root, nil
}

// secondDocument is the line of the --- that opens another document.
func secondDocument(text string) int {
	begun := false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "---") && begun {
			return i + 1
		}
		trimmed := strings.TrimSpace(line)
		begun = begun || trimmed != "" && !strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(trimmed, "%")
	}
	return 0
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError says in plain words what the YAML reader refused, and where.
func syntaxError(file, text string, err error) error {
	line, what := 1, err.Error()
	if m := yamlLine.FindStringSubmatch(strings.SplitN(what, "\n", 2)[0]); m != nil {
		what = m[2]
		if m[1] != "" {
			line, _ = strconv.Atoi(m[1])
		}
	}
	if n := unfinishedFrom(text); n > 0 {
		line = n
	}
	wrong := lineOf(text, line)
	return &Error{Problems: []Problem{{File: file, Line: line, Column: syntaxColumn(what, wrong), Text: "not valid YAML: " + syntaxHint(what, wrong)}}}
}

// unfinishedFrom is the first line that is part of no valid beginning of the text: the
// line number in the YAML reader's own message is that of an enclosing block, or one
// off. 0 for texts too long to try.
func unfinishedFrom(text string) int {
	const most = 4 << 20 // bytes parsed in all, some 50 ms
	lines := strings.SplitAfter(text, "\n")
	if len(lines)*len(text) > most {
		return 0
	}
	good, end := 0, 0
	for i, l := range lines {
		end += len(l)
		var n yaml.Node
		if yaml.Unmarshal([]byte(text[:end]), &n) == nil {
			good = i + 1
		}
	}
	return min(good+1, len(lines))
}

func lineOf(text string, n int) string {
	lines := strings.Split(text, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}

// syntaxHints turns the reader's words into ours; the first that fits is taken.
var syntaxHints = []struct{ reader, ours string }{
	{"mapping values are not allowed", `a second ": " on the line, or a line indented too far; put text that holds ": " in quotes`},
	{"found a tab", "a tab in the indentation; use spaces"},
	{"could not find expected ':'", `a key without ": " after it`},
	{"did not find expected ',' or '}'", "a { that is not closed, or a missing comma"},
	{"did not find expected ',' or ']'", "a [ that is not closed, or a missing comma"},
	{"did not find expected node content", "a { or [ that is not closed, or a value that is missing"},
	{"did not find expected key", "the indentation does not fit the lines above it"},
	{"did not find expected '-' indicator", "the indentation does not fit the list above it"},
	{"found unexpected end of stream", "a quote that is not closed"},
	{"block sequence entries are not allowed", `a "- " that stands where no list can begin; put the list on lines of its own`},
	{"control characters are not allowed", "a control character in the text"},
	{"found incompatible YAML document", "the %YAML line names a version other than 1.1; remove it"},
	{"found unknown directive", "a line that begins with %"},
	{"found unknown escape character", `an unknown \ escape in double quotes; use single quotes`},
}

func syntaxHint(what, line string) string {
	trimmed := strings.TrimLeft(line, " ")
	if strings.Contains(line, "${") && strings.Contains(what, "',' or") {
		return `inside { } and [ ] a ${VAR} must stand in quotes, as "${VAR}"`
	}
	if strings.HasPrefix(trimmed, "\t") {
		return "a tab in the indentation; use spaces"
	}
	if strings.Contains(what, "cannot start any token") {
		return "a value that begins with @, %, ` or a tab; put it in quotes"
	}
	if name, ok := strings.CutPrefix(what, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		return "*" + name + " refers to &" + name + ", which stands nowhere above it; put text that begins with * in quotes"
	}
	for _, h := range syntaxHints {
		if strings.Contains(what, h.reader) {
			return h.ours
		}
	}
	return what
}
