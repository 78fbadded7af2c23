package config

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	colonSpace = regexp.MustCompile(`:(\s|$)`)
	badStart   = regexp.MustCompile("(^|\\s)[@%`\t]")
)

// syntaxColumn is the column, from 1, of what the YAML reader refused on a line. The
// reader does not tell it: it is that of the sign that the message is about, or else
// where the line's text begins.
func syntaxColumn(what, line string) int {
	at := len(line) - len(strings.TrimLeft(line, " "))
	if sign := syntaxSign(what, line); sign >= 0 && sign < len(line) {
		at = sign
	}
	return utf8.RuneCountInString(line[:at]) + 1
}

// syntaxSign is the index of the sign that a message of the YAML reader is about, or -1.
func syntaxSign(what, line string) int {
	switch {
	case strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		return strings.IndexByte(line, '\t')
	case strings.Contains(what, "mapping values are not allowed"):
		if colons := colonSpace.FindAllStringIndex(line, 2); len(colons) == 2 {
			return colons[1][0]
		}
	case strings.Contains(what, "cannot start any token"):
		if found := badStart.FindStringIndex(line); found != nil {
			return found[1] - 1
		}
	case strings.Contains(what, "unknown anchor '"):
		_, name, _ := strings.Cut(what, "unknown anchor '")
		name, _, _ = strings.Cut(name, "'")
		return strings.Index(line, "*"+name)
	case strings.Contains(what, "',' or"), strings.Contains(what, "node content"):
		if at := strings.Index(line, "${"); at >= 0 {
			return at
		}
		return openBracket(line)
	case strings.Contains(what, "unexpected end of stream"):
		return strings.LastIndexAny(line, `"'`)
	case strings.Contains(what, "control characters"):
		return strings.IndexFunc(line, unicode.IsControl)
	}
	return -1
}

// openBracket is the index of the last { or [ that is not closed on its line, or -1.
func openBracket(line string) int {
	var open []int
	for i, r := range line {
		switch r {
		case '{', '[':
			open = append(open, i)
		case '}', ']':
			open = open[:max(0, len(open)-1)]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}
