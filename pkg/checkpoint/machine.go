package checkpoint

import (
	"fmt"
	"math"
)

// machine interprets a pickle. It can build plain values and tensors and nothing
// else: an opcode without a handler, or a global name that is not on the list,
// ends it with an error that names it.
type machine struct {
	in    []byte
	pos   int // of the next byte
	at    int // of the opcode at work
	stack []any
	marks []int // stack heights
	memo  []any
	count int // values pushed so far

	storages *storages
}

// seq is a list, tuple or set while the machine runs: lists and sets grow after
// others hold them.
type seq struct {
	items []any
	kind  seqKind
}

type seqKind uint8

const (
	list seqKind = iota
	tuple
	set
)

// global is the name of a Python object, "module name".
type global string

// decode runs the pickle and returns the one value that it leaves, with lists and
// tuples still as *seq.
func decode(pickle []byte, st *storages) (any, error) {
	if len(pickle) > maxPickle {
		return nil, bad("its pickle has %d bytes, at most %d are read", len(pickle), maxPickle)
	}
	m := &machine{in: pickle, storages: st}
	v, err := m.run()
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (m *machine) run() (any, error) {
	for {
		m.at = m.pos
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if m.at == 0 && op != opProto {
			return nil, m.bad("expected a pickle of protocol 2 or later, found the byte 0x%02x", op)
		}
		if op == opStop {
			return m.stop()
		}
		h := handlers[op]
		if h == nil {
			return nil, m.bad("the opcode %s is not allowed", opcodeName(op)).hint(savePlain)
		}
		if err := h(m); err != nil {
			return nil, err
		}
	}
}

const savePlain = "save only numbers, text, lists, dicts and tensors, for example model.state_dict()"

func (m *machine) stop() (any, error) {
	switch {
	case len(m.marks) > 0 || len(m.stack) != 1:
		return nil, m.bad("it ends with %d values, expected one", len(m.stack))
	case m.pos != len(m.in):
		return nil, m.bad("%d bytes follow its end", len(m.in)-m.pos)
	}
	return m.stack[0], nil
}

func (m *machine) bad(format string, args ...any) *Error {
	e := bad(format, args...)
	e.Msg = fmt.Sprintf("data.pkl, byte %d: %s", m.at, e.Msg)
	return e
}

// byte and take read the input; they never go past its end.

func (m *machine) byte() (byte, error) {
	b, err := m.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (m *machine) take(n uint64) ([]byte, error) {
	if left := uint64(len(m.in) - m.pos); n > left {
		return nil, m.bad("needs %d bytes, %d are left", n, left)
	}
	b := m.in[m.pos : m.pos+int(n)]
	m.pos += int(n)
	return b, nil
}

// uint reads a little-endian number of n bytes.
func (m *machine) uint(n int) (uint64, error) {
	b, err := m.take(uint64(n))
	if err != nil {
		return 0, err
	}
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v, nil
}

// line reads a name up to a newline.
func (m *machine) line() (string, error) {
	for i := m.pos; i < len(m.in) && i-m.pos <= maxName; i++ {
		if m.in[i] == '\n' {
			s := string(m.in[m.pos:i])
			m.pos = i + 1
			return s, nil
		}
	}
	return "", m.bad("a name does not end within %d bytes", maxName)
}

// push, pop, popMark and top work on the stack; they never reach below the last mark.

func (m *machine) push(v any) error {
	if m.count++; m.count > maxValues {
		return m.bad("more than %d values", maxValues)
	}
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, m.bad("it takes a value that is not there")
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err != nil {
		return nil, err
	}
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

// popMark takes all values above the last mark; they are a copy.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, m.bad("it takes a mark that is not there")
	}
	from := m.floor()
	items := append([]any(nil), m.stack[from:]...)
	m.stack = m.stack[:from]
	m.marks = m.marks[:len(m.marks)-1]
	return items, nil
}

// put and get work on the memo. Picklers number it without holes, so that an index
// can take no more memory than the input did.

func (m *machine) put(i uint64) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	switch {
	case i < uint64(len(m.memo)):
		m.memo[i] = v
	case i == uint64(len(m.memo)) && i < maxValues:
		m.memo = append(m.memo, v)
	default:
		return m.bad("memo entry %d follows entry %d", i, len(m.memo)-1)
	}
	return nil
}

func (m *machine) get(i uint64) error {
	if i >= uint64(len(m.memo)) {
		return m.bad("memo entry %d is read but never written", i)
	}
	return m.push(m.memo[i])
}

// appendTo and setItems put values into the list, set or dict on top of the stack.

func (m *machine) appendTo(kind seqKind, items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	s, ok := v.(*seq)
	if !ok || s.kind != kind {
		return m.bad("it appends to %s", kindOf(v))
	}
	s.items = append(s.items, items...)
	return nil
}

func (m *machine) setItems(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	d, ok := v.(*Dict)
	if !ok {
		return m.bad("it sets a key of %s", kindOf(v))
	}
	if len(items)%2 != 0 {
		return m.bad("it sets a key without a value")
	}
	for i := 0; i < len(items); i += 2 {
		switch k := items[i].(type) {
		case string, int64:
			d.set(k, items[i+1])
		default:
			return m.bad("a dict has %s as a key, expected a string or an int", kindOf(k)).hint(savePlain)
		}
	}
	return nil
}

func (m *machine) float() (float64, error) {
	b, err := m.take(8)
	if err != nil {
		return 0, err
	}
	var bits uint64
	for _, x := range b {
		bits = bits<<8 | uint64(x)
	}
	return math.Float64frombits(bits), nil
}
