package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// batch is how many items one APPENDS or SETITEMS takes, as in Python.
const batch = 1000

// encoder writes one value as a protocol 2 pickle in torch's vocabulary. It uses
// no memo: nothing is fetched back, so nothing need be put.
type encoder struct {
	buf     []byte
	tensors []*Tensor       // the storages, in order of their keys "0", "1", …
	keys    map[content]int // the same data twice are one storage
	path    []string        // where in the value the encoder is, for errors
	values  int
}

// content tells whether two tensors are the same memory: tied weights, as torch
// saves them too.
type content struct {
	first *byte
	bytes int
	dtype DType
}

// encode returns the pickle of root and the tensors whose data go beside it.
func encode(root any) ([]byte, []*Tensor, error) {
	e := &encoder{keys: make(map[content]int)}
	e.op(opProto, 2)
	if err := e.value(root); err != nil {
		return nil, nil, err
	}
	e.op(opStop)
	if len(e.buf) > maxPickle {
		return nil, nil, internal("the values without the tensors' data take %d bytes, at most %d are allowed: long lists belong into tensors",
			len(e.buf), maxPickle)
	}
	return e.buf, e.tensors, nil
}

func (e *encoder) op(b ...byte) { e.buf = append(e.buf, b...) }

func (e *encoder) refuse(format string, args ...any) error {
	at := strings.Join(e.path, ".")
	if at == "" {
		at = "the root"
	}
	return internal("write %s: %s", at, fmt.Sprintf(format, args...))
}

func (e *encoder) value(v any) error {
	if e.values++; e.values > maxValues/4 {
		return e.refuse("more than %d values: long lists belong into tensors", maxValues/4)
	}
	switch v := v.(type) {
	case nil:
		e.op(opNone)
	case bool:
		e.bool(v)
	case int64:
		e.int(v)
	case *big.Int:
		return e.bigInt(v)
	case float64:
		e.op(opBinFloat)
		e.buf = binary.BigEndian.AppendUint64(e.buf, math.Float64bits(v))
	case string:
		return e.string(v)
	case Bytes:
		return e.bytes(v)
	case []any, Tuple, Set, *Dict, *Tensor:
		return e.container(v)
	default:
		return e.refuse("a Go %T is no checkpoint value", v)
	}
	return nil
}

func (e *encoder) container(v any) error {
	if len(e.path) > maxDepth {
		return e.refuse("nested more than %d deep", maxDepth)
	}
	switch v := v.(type) {
	case []any:
		return e.list(v)
	case Tuple:
		return e.tuple(v)
	case Set:
		return e.set(v)
	case *Dict:
		if v != nil {
			return e.dict(v, v.Ordered)
		}
	case *Tensor:
		if v != nil {
			return e.tensor(v)
		}
	}
	return e.refuse("a nil %T", v)
}

// within encodes v as the part of its container that is called name.
func (e *encoder) within(name string, v any) error {
	e.path = append(e.path, name)
	err := e.value(v)
	e.path = e.path[:len(e.path)-1]
	return err
}

func (e *encoder) bool(v bool) {
	if v {
		e.op(opNewTrue)
	} else {
		e.op(opNewFalse)
	}
}

func (e *encoder) int(v int64) {
	switch {
	case v >= 0 && v <= 0xff:
		e.op(opBinInt1, byte(v))
	case v >= 0 && v <= 0xffff:
		e.op(opBinInt2, byte(v), byte(v>>8))
	case v >= math.MinInt32 && v <= math.MaxInt32:
		e.op(opBinInt)
		e.buf = binary.LittleEndian.AppendUint32(e.buf, uint32(v))
	default:
		e.long(binary.LittleEndian.AppendUint64(nil, uint64(v)))
	}
}

// long writes LONG1 of a little-endian two's complement number, cut to its
// shortest form: a last byte goes when it only repeats the sign.
func (e *encoder) long(b []byte) {
	for n := len(b) - 1; n > 0; n-- {
		if !(b[n] == 0 && b[n-1] < 0x80 || b[n] == 0xff && b[n-1] >= 0x80) {
			break
		}
		b = b[:n]
	}
	e.op(opLong1, byte(len(b)))
	e.op(b...)
}

func (e *encoder) bigInt(v *big.Int) error {
	if v.IsInt64() {
		e.int(v.Int64())
		return nil
	}
	magnitude := v
	if v.Sign() < 0 {
		magnitude = new(big.Int).Not(v)
	}
	n := magnitude.BitLen()/8 + 1 // with room for the sign bit
	if n > 255 {
		return e.refuse("an integer of %d bytes, at most 255 are allowed", n)
	}
	twos := v
	if v.Sign() < 0 {
		twos = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	b := twos.FillBytes(make([]byte, n))
	slices.Reverse(b)
	e.long(b)
	return nil
}

func (e *encoder) string(s string) error {
	if !utf8.ValidString(s) {
		return e.refuse("the text %q is not valid UTF-8, which Python cannot read", s)
	}
	if len(s) > maxPickle {
		return e.refuse("a text of %d bytes, at most %d are allowed", len(s), maxPickle)
	}
	e.text(s)
	return nil
}

func (e *encoder) text(s string) {
	e.op(opBinUnicode)
	e.buf = binary.LittleEndian.AppendUint32(e.buf, uint32(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) global(module, name string) {
	e.op(opGlobal)
	e.buf = append(e.buf, module+"\n"+name+"\n"...)
}

func (e *encoder) list(v []any) error {
	e.op(opEmptyList)
	return e.batches(len(v), opAppend, opAppends, func(i int) error {
		return e.within(strconv.Itoa(i), v[i])
	})
}

func (e *encoder) dict(d *Dict, ordered bool) error {
	if ordered {
		e.orderedDict()
	} else {
		e.op(opEmptyDict)
	}
	return e.batches(d.Len(), opSetItem, opSetItems, func(i int) error {
		key := d.keys[i]
		if err := e.value(key); err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			name = strconv.FormatInt(key.(int64), 10)
		}
		return e.within(name, d.vals[i])
	})
}

func (e *encoder) orderedDict() {
	e.global("collections", "OrderedDict")
	e.op(opEmptyTuple, opReduce)
}

// batches writes n items with item, and after each 1000 of them, or after a
// single one, the opcode that takes them from the stack.
func (e *encoder) batches(n int, one, many byte, item func(int) error) error {
	for from := 0; from < n; from += batch {
		to := min(from+batch, n)
		if to-from > 1 {
			e.op(opMark)
		}
		for i := from; i < to; i++ {
			if err := item(i); err != nil {
				return err
			}
		}
		if to-from > 1 {
			e.op(many)
		} else {
			e.op(one)
		}
	}
	return nil
}

func (e *encoder) tuple(v Tuple) error {
	if len(v) > 3 {
		e.op(opMark)
	}
	for i, item := range v {
		if err := e.within(strconv.Itoa(i), item); err != nil {
			return err
		}
	}
	e.endTuple(len(v))
	return nil
}

func (e *encoder) endTuple(n int) {
	e.op([]byte{opEmptyTuple, opTuple1, opTuple2, opTuple3, opTuple}[min(n, 4)])
}

func (e *encoder) ints(v []int64) {
	if len(v) > 3 {
		e.op(opMark)
	}
	for _, n := range v {
		e.int(n)
	}
	e.endTuple(len(v))
}

// tensor writes torch._utils._rebuild_tensor_v2(storage, offset, size, stride,
// requires_grad, hooks).
func (e *encoder) tensor(t *Tensor) error {
	if err := t.check(); err != nil {
		return e.refuse("%v", err)
	}
	key := e.storage(t)
	e.global("torch._utils", "_rebuild_tensor_v2")
	e.op(opMark, opMark)
	e.text("storage")
	e.global("torch", dtypes[t.DType].storage)
	e.text(strconv.Itoa(key))
	e.text("cpu")
	e.int(t.NumElements())
	e.op(opTuple, opBinPersID)
	e.int(0)
	e.ints(t.Shape)
	e.ints(t.strides())
	e.op(opNewFalse)
	e.orderedDict()
	e.op(opTuple, opReduce)
	return nil
}

// storage is the key of the record that holds the tensor's data.
func (e *encoder) storage(t *Tensor) int {
	id := content{unsafe.SliceData(t.Data), len(t.Data), t.DType}
	key, seen := e.keys[id]
	if !seen || len(t.Data) == 0 {
		key = len(e.tensors)
		e.keys[id] = key
		e.tensors = append(e.tensors, t)
	}
	return key
}
