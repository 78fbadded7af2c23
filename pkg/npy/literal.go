package npy

import (
	"bytes"
	"strconv"
)

// literal reads the Python dictionary of a .npy header: three known keys whose
// values are a string, a bool and a tuple of integers. Nothing else is accepted.
type literal struct {
	text []byte
	pos  int
}

func parseHeader(text []byte) (Header, error) {
	p := &literal{text: text}
	h := Header{}
	seen := map[string]bool{}
	if !p.take('{') {
		return h, p.damaged("a dictionary")
	}
	for !p.take('}') {
		key, ok := p.quoted()
		if !ok || !p.take(':') {
			return h, p.damaged("a key")
		}
		if seen[key] {
			return h, bad("the .npy header has the key %q twice; the file is damaged, write it again", key)
		}
		seen[key] = true
		if err := p.value(&h, key); err != nil {
			return h, err
		}
		if !p.take(',') && p.peek() != '}' {
			return h, p.damaged("a comma")
		}
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, bad("the .npy header has no key %q; the file is damaged, write it again with numpy.save", key)
		}
	}
	if p.space(); p.pos != len(p.text) {
		return h, p.damaged("the end")
	}
	return h, nil
}

// value reads the value of one key into the header.
func (p *literal) value(h *Header, key string) (err error) {
	switch key {
	case "descr":
		if p.peek() == '[' {
			return bad("the array is structured (a dtype with fields); expected plain numbers, save one field at a time with numpy.save(path, x[field])")
		}
		descr, ok := p.quoted()
		if !ok {
			return p.damaged("the dtype")
		}
		h.DType, h.BigEndian, err = parseDescr(descr)
		return err
	case "fortran_order":
		switch {
		case p.word("True"):
			h.Fortran = true
		case !p.word("False"):
			return p.damaged("True or False")
		}
		return nil
	case "shape":
		h.Shape, err = p.tuple()
		return err
	}
	if len(key) > 24 {
		key = key[:24] + "..."
	}
	return bad("the .npy header has the unknown key %q; the file is damaged, write it again with numpy.save", key)
}

func (p *literal) tuple() ([]int64, error) {
	if !p.take('(') {
		return nil, p.damaged("a shape")
	}
	shape := []int64{}
	for !p.take(')') {
		d, err := p.integer()
		if err != nil {
			return nil, err
		}
		if shape = append(shape, d); len(shape) > maxRank {
			return nil, bad("the array has more than %d dimensions; reshape it before it is saved", maxRank)
		}
		if p.take(',') {
			continue
		}
		if p.peek() != ')' || len(shape) == 1 { // "(3)" is a number in Python, not a shape
			return nil, p.damaged("a comma in the shape")
		}
	}
	return shape, nil
}

func (p *literal) integer() (int64, error) {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && (p.text[p.pos] == '-' || p.text[p.pos] >= '0' && p.text[p.pos] <= '9') {
		p.pos++
	}
	digits := string(p.text[start:p.pos])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		if digits == "" {
			return 0, p.damaged("a number in the shape")
		}
		return 0, bad("the shape in the .npy header has the impossible size %.24s; the file is damaged, write it again", digits)
	}
	if p.pos < len(p.text) && p.text[p.pos] == 'L' { // Python 2 wrote long integers so
		p.pos++
	}
	return n, nil
}

// quoted reads a string in either kind of quotes; escapes do not occur in headers.
func (p *literal) quoted() (string, bool) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", false
	}
	rest := p.text[p.pos+1:]
	end := bytes.IndexByte(rest, quote)
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return "", false
	}
	p.pos += end + 2
	return string(rest[:end]), true
}

func (p *literal) word(w string) bool {
	p.space()
	if !bytes.HasPrefix(p.text[p.pos:], []byte(w)) {
		return false
	}
	p.pos += len(w)
	return true
}

func (p *literal) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

// peek is the next byte that is not space, 0 at the end.
func (p *literal) peek() byte {
	p.space()
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *literal) space() {
	for p.pos < len(p.text) && bytes.IndexByte([]byte(" \t\r\n"), p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *literal) damaged(expected string) error {
	return bad("the .npy header is damaged: expected %s at its byte %d; write the file again with numpy.save", expected, p.pos)
}
