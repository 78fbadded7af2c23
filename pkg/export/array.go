package export

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/npy"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

// array is a named array in C order.
type array struct {
	name   string
	shape  []int64
	values []float32
}

// arrays are those of a file, in its order.
type arrays struct {
	list  []array
	types []string // of the elements, where they are not float32
}

func (l *arrays) find(name string) int {
	return slices.IndexFunc(l.list, func(a array) bool { return a.name == name })
}

func (l *arrays) has(name string) bool { return l.find(name) >= 0 }

func (l *arrays) get(name string) (array, error) {
	if i := l.find(name); i >= 0 {
		return l.list[i], nil
	}
	return array{}, refuse("the array %s is missing; there are %s", name, l.names())
}

func (l *arrays) names() string {
	var names []string
	for _, a := range l.list {
		names = append(names, a.name)
	}
	if len(names) > 12 {
		names = append(names[:12], "…")
	}
	return strings.Join(names, ", ")
}

// rename gives arrays the names that trainer has for them, transposed where a name ends
// in ᵀ; what is not in the table keeps its name.
func (l *arrays) rename(table map[string]string) {
	for i, a := range l.list {
		name, transpose := strings.CutSuffix(table[a.name], "ᵀ")
		if name == "" {
			continue
		}
		a.name = name
		if transpose && len(a.shape) == 2 {
			a.values = transposed(a.values, int(a.shape[0]), int(a.shape[1]))
			a.shape = []int64{a.shape[1], a.shape[0]}
		}
		l.list[i] = a
	}
}

// only refuses arrays that are none of the named: what is not known might change what is
// computed.
func (l *arrays) only(layout string, names ...string) error {
	for _, a := range l.list {
		if !slices.Contains(names, a.name) {
			return refuse("it has the array %s, which trainer does not know in a %s file, so that what it computes is not known either", a.name, layout)
		}
	}
	return nil
}

func (l *arrays) add(name, dtype string, shape []int64, data []byte) error {
	values, err := floats(dtype, data)
	if err != nil {
		return refuse("the array %s: %v", name, err)
	}
	if dtype != "F32" && !slices.Contains(l.types, dtype) {
		l.types = append(l.types, dtype)
	}
	l.list = append(l.list, array{name, shape, values})
	return nil
}

// codes are checkpoint's element types as safetensors names them.
var codes = map[checkpoint.DType]string{
	checkpoint.Float32: "F32", checkpoint.Float64: "F64", checkpoint.Float16: "F16", checkpoint.BFloat16: "BF16",
	checkpoint.Int64: "I64", checkpoint.Int32: "I32", checkpoint.Int16: "I16", checkpoint.Int8: "I8", checkpoint.Uint8: "U8", checkpoint.Bool: "BOOL",
}

// typeOf is the way back of codes.
func typeOf(code string) checkpoint.DType {
	for d, c := range codes {
		if c == code {
			return d
		}
	}
	return 0
}

func fromSafetensors(path string) (*arrays, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	l := &arrays{}
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		if err := l.add(name, t.DType, t.Shape, t.Data); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// fromTorch reads a state dict that torch.save wrote.
func fromTorch(path string) (*arrays, error) {
	root, err := checkpoint.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, _, ok := checkpoint.StateDict(root)
	if !ok {
		return nil, refuse("%s holds no state dict", path)
	}
	l := &arrays{}
	for key, v := range d.All() {
		t := v.(*checkpoint.Tensor)
		if err := l.add(key.(string), codes[t.DType], t.Shape, t.Data); err != nil {
			return nil, err
		}
	}
	return l, nil
}

var le = binary.LittleEndian

// readers read one element of each type that a layout may have.
var readers = map[string]struct {
	size int
	read func(b []byte) float32
}{
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }},
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }},
	"F16":  {2, func(b []byte) float32 { return npy.Float16To32(le.Uint16(b)) }},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }},
	"I32":  {4, func(b []byte) float32 { return float32(int32(le.Uint32(b))) }},
	"I64":  {8, func(b []byte) float32 { return float32(int64(le.Uint64(b))) }},
}

func floats(dtype string, data []byte) ([]float32, error) {
	r, ok := readers[dtype]
	if !ok {
		return nil, refuse("elements of type %s are not read", dtype)
	}
	out := make([]float32, len(data)/r.size)
	for i := range out {
		out[i] = r.read(data[i*r.size:])
	}
	return out, nil
}

func bytesOf(values []float32) []byte {
	out := make([]byte, 4*len(values))
	for i, v := range values {
		le.PutUint32(out[4*i:], math.Float32bits(v))
	}
	return out
}

// transposed is the [cols, rows] array of a [rows, cols] one, in blocks that the cache holds.
func transposed(v []float32, rows, cols int) []float32 {
	const block = 32
	out := make([]float32, len(v))
	for i0 := 0; i0 < rows; i0 += block {
		for j0 := 0; j0 < cols; j0 += block {
			for i := i0; i < min(i0+block, rows); i++ {
				for j := j0; j < min(j0+block, cols); j++ {
					out[j*rows+i] = v[i*cols+j]
				}
			}
		}
	}
	return out
}
