package checkpoint

import (
	"math/big"
	"slices"
	"unicode/utf8"
)

// handlers are the opcodes that the machine knows. Those of protocols 3 to 5 only
// spell the same plain data in another way.
var handlers = [256]func(*machine) error{
	opProto: (*machine).proto,
	opFrame: (*machine).frame,
	opMark:  (*machine).mark,

	opNone:     func(m *machine) error { return m.push(nil) },
	opNewTrue:  func(m *machine) error { return m.push(true) },
	opNewFalse: func(m *machine) error { return m.push(false) },
	opBinInt1:  func(m *machine) error { return m.pushUint(1) },
	opBinInt2:  func(m *machine) error { return m.pushUint(2) },
	opBinInt:   (*machine).binInt,
	opLong1:    (*machine).long1,
	opBinFloat: (*machine).binFloat,

	opShortBinUnicode: func(m *machine) error { return m.text(1) },
	opBinUnicode:      func(m *machine) error { return m.text(4) },
	opBinUnicode8:     func(m *machine) error { return m.text(8) },

	opShortBinBytes: func(m *machine) error { return m.bytes(1) },
	opBinBytes:      func(m *machine) error { return m.bytes(4) },
	opBinBytes8:     func(m *machine) error { return m.bytes(8) },
	opByteArray8:    func(m *machine) error { return m.bytes(8) },

	opEmptySet:  func(m *machine) error { return m.push(&seq{kind: set}) },
	opAddItems:  func(m *machine) error { return m.appendMarked(set) },
	opFrozenSet: func(m *machine) error { return m.marked(set) },

	opEmptyDict:  func(m *machine) error { return m.push(&Dict{}) },
	opEmptyList:  func(m *machine) error { return m.push(&seq{}) },
	opEmptyTuple: func(m *machine) error { return m.tuple(0) },
	opTuple1:     func(m *machine) error { return m.tuple(1) },
	opTuple2:     func(m *machine) error { return m.tuple(2) },
	opTuple3:     func(m *machine) error { return m.tuple(3) },
	opTuple:      func(m *machine) error { return m.marked(tuple) },
	opAppend:     (*machine).appendOne,
	opAppends:    func(m *machine) error { return m.appendMarked(list) },
	opSetItem:    (*machine).setOne,
	opSetItems:   (*machine).setMarked,

	opBinPut:     func(m *machine) error { return m.memoPut(1) },
	opLongBinPut: func(m *machine) error { return m.memoPut(4) },
	opBinGet:     func(m *machine) error { return m.memoGet(1) },
	opLongBinGet: func(m *machine) error { return m.memoGet(4) },
	opMemoize:    func(m *machine) error { return m.put(uint64(len(m.memo))) },

	opGlobal:      (*machine).global,
	opStackGlobal: (*machine).stackGlobal,
	opReduce:      (*machine).reduce,
	opBuild:       (*machine).build,
	opBinPersID:   (*machine).persID,
}

func (m *machine) proto() error {
	v, err := m.byte()
	if err != nil {
		return err
	}
	if v < 2 || v > 5 || m.at != 0 {
		return m.bad("pickle protocol %d, expected 2 to 5, once", v)
	}
	return nil
}

func (m *machine) frame() error {
	n, err := m.uint(8)
	if err != nil {
		return err
	}
	if left := uint64(len(m.in) - m.pos); n > left {
		return m.bad("a frame of %d bytes, %d are left", n, left)
	}
	return nil
}

func (m *machine) mark() error {
	if len(m.marks) > 4*maxDepth {
		return m.bad("nested more than %d deep", maxDepth)
	}
	m.marks = append(m.marks, len(m.stack))
	return nil
}

func (m *machine) pushUint(n int) error {
	v, err := m.uint(n)
	if err != nil {
		return err
	}
	return m.push(int64(v))
}

func (m *machine) binInt() error {
	v, err := m.uint(4)
	if err != nil {
		return err
	}
	return m.push(int64(int32(uint32(v))))
}

func (m *machine) long1() error {
	n, err := m.byte()
	if err != nil {
		return err
	}
	b, err := m.take(uint64(n))
	if err != nil {
		return err
	}
	b = slices.Clone(b)
	slices.Reverse(b)
	v := new(big.Int).SetBytes(b)
	if n > 0 && b[0] >= 0x80 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), 8*uint(n)))
	}
	if v.IsInt64() {
		return m.push(v.Int64())
	}
	return m.push(v)
}

func (m *machine) binFloat() error {
	f, err := m.float()
	if err != nil {
		return err
	}
	return m.push(f)
}

// text reads a string with a length of n bytes before it.
func (m *machine) text(n int) error {
	size, err := m.uint(n)
	if err != nil {
		return err
	}
	b, err := m.take(size)
	if err != nil {
		return err
	}
	if !utf8.Valid(b) {
		return m.bad("a text that is not UTF-8")
	}
	return m.push(string(b))
}

// bytes reads what has a length of n bytes before it.
func (m *machine) bytes(n int) error {
	size, err := m.uint(n)
	if err != nil {
		return err
	}
	b, err := m.take(size)
	if err != nil {
		return err
	}
	return m.push(Bytes(slices.Clone(b)))
}

func (m *machine) tuple(n int) error {
	if len(m.stack)-n < m.floor() {
		return m.bad("it takes a value that is not there")
	}
	items := slices.Clone(m.stack[len(m.stack)-n:])
	m.stack = m.stack[:len(m.stack)-n]
	return m.push(&seq{items: items, kind: tuple})
}

func (m *machine) marked(kind seqKind) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.push(&seq{items: items, kind: kind})
}

func (m *machine) appendOne() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	return m.appendTo(list, []any{v})
}

func (m *machine) appendMarked(kind seqKind) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.appendTo(kind, items)
}

func (m *machine) setOne() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	k, err := m.pop()
	if err != nil {
		return err
	}
	return m.setItems([]any{k, v})
}

func (m *machine) setMarked() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.setItems(items)
}

func (m *machine) memoPut(n int) error {
	i, err := m.uint(n)
	if err != nil {
		return err
	}
	return m.put(i)
}

func (m *machine) memoGet(n int) error {
	i, err := m.uint(n)
	if err != nil {
		return err
	}
	return m.get(i)
}
