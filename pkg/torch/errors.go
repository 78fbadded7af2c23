package torch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gotrainer/trainer/cgo"
)

// Kind says what sort of error a tensor operation met.
type Kind = cgo.Kind

// The kinds of errors that a caller may tell apart.
const (
	OtherError  = cgo.KindOther
	ShapeError  = cgo.KindShape
	DeviceError = cgo.KindDevice
	OutOfMemory = cgo.KindMemory
	DTypeError  = cgo.KindDType
)

// Error is what tensor operations panic with, and what Engine.Do returns.
type Error struct {
	Op       string    // the operation, e.g. "linear"
	Layer    string    // where it was called, e.g. "encoder.0"; empty outside layers
	Kind     Kind      // what sort of error
	Operands []Operand // the tensors that took part
	Msg      string    // libtorch's own words, one line
	Bytes    int64     // OutOfMemory: what was asked for at last; 0 where it is not known
}

// Operand describes one tensor of a failed operation.
type Operand struct {
	Name   string
	Shape  []int64
	DType  DType
	Device Device
}

// Error is one sentence: layer, operation, what is wrong, and the operands with
// the property that matters.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Layer != "" {
		b.WriteString(e.Layer + ": ")
	}
	b.WriteString(e.Op + ": ")
	switch e.Kind {
	case ShapeError:
		fmt.Fprintf(&b, "shape mismatch, %s (%s)", e.describe(shapeOf), e.Msg)
	case DeviceError:
		fmt.Fprintf(&b, "wrong device, %s (%s)", e.describe(deviceOf), e.Msg)
	case DTypeError:
		fmt.Fprintf(&b, "wrong dtype, %s (%s)", e.describe(dtypeOf), e.Msg)
	case OutOfMemory:
		fmt.Fprintf(&b, "out of memory, %s (%s); a smaller model or batch_size needs less", e.describe(shapeOf), e.Msg)
	default:
		b.WriteString(e.Msg)
	}
	return b.String()
}

func (e *Error) describe(property func(Operand) string) string {
	if len(e.Operands) == 0 {
		return "no operands"
	}
	parts := make([]string, len(e.Operands))
	for i, o := range e.Operands {
		parts[i] = o.Name + " " + property(o)
	}
	return strings.Join(parts, ", ")
}

func shapeOf(o Operand) string  { return fmt.Sprint(o.Shape) }
func deviceOf(o Operand) string { return o.Device.String() }
func dtypeOf(o Operand) string  { return o.DType.String() }

// operand names a tensor for an error message.
type operand struct {
	name string
	t    *Tensor
}

func operandsOf(ts []*Tensor) []operand {
	list := make([]operand, len(ts))
	for i, t := range ts {
		list[i] = operand{fmt.Sprintf("input %d", i), t}
	}
	return list
}

// fail panics with the typed error of a failed operation.
func fail(op string, err error, operands ...operand) {
	e := newError(op, err)
	for _, o := range operands {
		if o.t == nil || o.t.h == nil {
			continue
		}
		e.Operands = append(e.Operands, Operand{o.name, o.t.Shape(), o.t.DType(), o.t.Device()})
	}
	panic(e)
}

// newError makes the typed error of what the binding answered.
func newError(op string, err error) *Error {
	e := &Error{Op: op, Layer: layerPath(), Msg: err.Error()}
	var raw *cgo.Error
	if errors.As(err, &raw) {
		e.Kind = raw.Kind
	}
	if why, ok := noMemory(e.Msg); ok {
		e.Kind, e.Bytes, e.Msg = OutOfMemory, asked(e.Msg), why
	}
	if name, _, ok := strings.Cut(e.Msg, " does not have a deterministic implementation"); ok {
		e.Kind, e.Msg = OtherError, name+" has no deterministic form on this device; training.deterministic: false allows the other"
	}
	return e
}

// noMemory puts what libtorch says of missing memory into words for users.
func noMemory(msg string) (why string, ok bool) {
	if n := asked(msg); n > 0 {
		return fmt.Sprintf("%d bytes were asked for", n), true
	}
	return "more bytes than can be counted were asked for", strings.HasPrefix(msg, "Storage size calculation overflowed")
}

// layers is the path of the layers being computed; only the engine thread touches it.
var layers []string

func layerPath() string { return strings.Join(layers, ".") }

// In runs fn as part of the named layer, so that errors say where they arose.
func In(layer string, fn func() *Tensor) *Tensor {
	layers = append(layers, layer)
	out := fn()
	layers = layers[:len(layers)-1]
	return out
}

// Check panics with a ShapeError of the given operation unless ok.
func Check(ok bool, op, format string, args ...any) {
	if !ok {
		panic(&Error{Op: op, Layer: layerPath(), Msg: fmt.Sprintf(format, args...)})
	}
}
