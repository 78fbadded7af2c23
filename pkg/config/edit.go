package config

import (
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// change replaces text[from:to].
type change struct {
	from, to int
	with     string
}

// editor finds the changes that turn a text's tree into another. It handles what people
// write; Document.Effective checks the outcome and falls back where it is not right.
type editor struct {
	text    string
	starts  []int // the offset of each line, and the text's length at the end
	airy    bool  // the text has blank lines between its sections
	changes []change
	dropped []drop
	carried map[[2]int]bool // places of values whose comment went with them
}

// drop is an entry that is taken out.
type drop struct {
	k, v   *yaml.Node
	indent int
	bound  int
}

// edit gives the text whose tree is want; have is the tree of the text as it is.
func edit(text string, have, want *yaml.Node) string {
	e := &editor{text: text, carried: map[[2]int]bool{}, airy: strings.Contains(text, "\n\n")}
	for i := 0; i < len(text); i++ {
		if i == 0 || text[i-1] == '\n' {
			e.starts = append(e.starts, i)
		}
	}
	e.starts = append(e.starts, len(text))
	e.value(nil, have, want, e.lastLine(have.Line)+1)
	for _, d := range e.dropped {
		e.drop(d)
	}
	return e.apply()
}

// apply makes the changes; "" where two of them are of one place.
func (e *editor) apply() string {
	sort.SliceStable(e.changes, func(i, j int) bool { return e.changes[i].from < e.changes[j].from })
	var b strings.Builder
	at := 0
	for _, c := range e.changes {
		if c.from < at {
			return ""
		}
		b.WriteString(e.text[at:c.from] + c.with)
		at = c.to
	}
	return b.String() + e.text[at:]
}

// lastLine is the last line of the document that begins on line first.
func (e *editor) lastLine(first int) int {
	for n := first + 1; n < len(e.starts); n++ {
		if strings.HasPrefix(e.line(n), "...") {
			return n - 1
		}
	}
	return len(e.starts) - 1
}

// line is the text of line n, from 1.
func (e *editor) line(n int) string {
	return strings.TrimSuffix(e.text[e.starts[n-1]:e.starts[n]], "\n")
}

func (e *editor) change(from, to int, with string) {
	e.changes = append(e.changes, change{from, to, with})
}

// value edits one value; key is nil for items and the root. bound is the first line
// that cannot belong to it.
func (e *editor) value(key, have, want *yaml.Node, bound int) {
	block := have.Style&(yaml.FlowStyle|yaml.TaggedStyle) == 0
	switch {
	case sameTree(have, want):
	case block && have.Kind == yaml.MappingNode && want.Kind == yaml.MappingNode:
		e.mapping(have, want, bound)
	case block && have.Kind == yaml.SequenceNode && want.Kind == yaml.SequenceNode && len(have.Content) == len(want.Content):
		for i, item := range have.Content {
			end := bound
			if i+1 < len(have.Content) {
				end = have.Content[i+1].Line
			}
			e.value(nil, item, want.Content[i], end)
		}
	default:
		e.replace(key, have, want, bound)
	}
}

// mapping edits a block mapping entry by entry, and adds what is missing at its end.
func (e *editor) mapping(have, want *yaml.Node, bound int) {
	kept := map[string]bool{}
	for i := 0; i+1 < len(have.Content); i += 2 {
		k, v, end := have.Content[i], have.Content[i+1], bound
		if i+2 < len(have.Content) {
			end = have.Content[i+2].Line
		}
		_, wanted := find(want, k.Value)
		renamed, value := entryAt(want, k)
		switch {
		case wanted != nil:
			kept[k.Value] = true
			e.value(k, v, wanted, end)
		case renamed != nil:
			kept[renamed.Value] = true
			e.rename(k, v, renamed, value)
		default:
			e.dropped = append(e.dropped, drop{k, v, have.Content[0].Column - 1, end})
		}
	}
	var lines strings.Builder
	indent := have.Content[0].Column - 1
	for i := 0; i+1 < len(want.Content); i += 2 {
		if !kept[want.Content[i].Value] {
			lines.WriteString(e.entry(want.Content[i], want.Content[i+1], indent))
		}
	}
	if lines.Len() > 0 {
		at := e.starts[e.contentEnd(have.Content[0].Line, bound, indent)]
		e.change(at, at, lines.String())
	}
}

// entryAt is the entry of want that stands where k stands, under another name.
func entryAt(want, k *yaml.Node) (key, value *yaml.Node) {
	for i := 0; i+1 < len(want.Content); i += 2 {
		if c := want.Content[i]; c.Line == k.Line && c.Column == k.Column {
			return c, want.Content[i+1]
		}
	}
	return nil, nil
}

// entry is the lines of an added key: a section of its own at the top level, else one
// line, with the comment of a value that was moved there.
func (e *editor) entry(k, v *yaml.Node, indent int) string {
	if indent > 0 || v.Kind != yaml.MappingNode || len(v.Content) == 0 {
		comment := ""
		if v.LineComment != "" && !strings.Contains(v.LineComment, "\n") {
			comment = "  " + v.LineComment
			e.carried[[2]int{v.Line, v.Column}] = true
		}
		return strings.Repeat(" ", indent) + oneLine(k, v) + comment + "\n"
	}
	blank := ""
	if e.airy {
		blank = "\n"
	}
	return blank + indented(clean(sectionOf(k, v), 2), 0)
}

// contentEnd is the last line from first to before bound that holds more than blanks
// and comments of an outer section.
func (e *editor) contentEnd(first, bound, indent int) int {
	n := bound - 1
	for ; n > first; n-- {
		text := strings.TrimLeft(e.line(n), " ")
		outer := strings.HasPrefix(text, "#") && len(e.line(n))-len(text) < indent
		if strings.TrimSpace(text) != "" && !outer {
			break
		}
	}
	return n
}

// rename replaces a whole entry, as `lr: 0.1` by `optimizer: {lr: 0.1}`.
func (e *editor) rename(k, v, newKey, newValue *yaml.Node) {
	from, ok1 := e.offset(k)
	start, ok2 := e.offset(v)
	to, ok3 := e.end(v, start)
	if ok1 && ok2 && ok3 {
		e.change(from, to, oneLine(newKey, newValue))
	}
}

// drop takes an entry out. A comment on its line stays, unless it went with the value.
func (e *editor) drop(d drop) {
	last := e.contentEnd(d.k.Line, d.bound, d.k.Column)
	with := ""
	for _, c := range []string{d.k.LineComment, d.v.LineComment} {
		if c != "" && !e.carried[[2]int{d.v.Line, d.v.Column}] {
			with += strings.Repeat(" ", d.indent) + c + "\n"
		}
	}
	e.change(e.starts[d.k.Line-1], e.starts[last], with)
}

// replace puts another value in the place of have, on one line; a flow mapping over
// several lines becomes a block.
func (e *editor) replace(key, have, want *yaml.Node, bound int) {
	from, ok := e.offset(have)
	if !ok {
		return
	}
	to, single := e.end(have, from)
	text := flowText(want)
	switch {
	case single && to == from: // nothing after the colon
		text = " " + text
	case single && strings.Contains(e.text[from:to], "\n") && key != nil && want.Kind == yaml.MappingNode && len(want.Content) > 0:
		text = "\n" + strings.TrimSuffix(indented(unfolded(want, 1), key.Column+1), "\n")
		from = len(strings.TrimRight(e.text[:from], " \n"))
	case single && key == nil && have.Style&yaml.FlowStyle != 0 && want.Kind == yaml.MappingNode && have.Column == 1:
		text = strings.TrimSuffix(indented(unfolded(want, 2), 0), "\n") // the whole file is one {…}
	case !single && key != nil:
		keyAt, _ := e.offset(key)
		colon := strings.IndexByte(e.text[keyAt:], ':')
		from = keyAt + colon + 1
		to = e.starts[e.contentEnd(key.Line, bound, key.Column)] - 1
		text = " " + text
	case !single:
		return
	}
	e.change(from, to, text)
}
