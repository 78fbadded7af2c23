package train

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Bytes is a Split whose samples are bytes at their source. On the device they stay
// bytes, a quarter of the memory, and a batch is scaled when it is gathered: the value of
// a byte v is (v/255 - shift)/scale, each operation rounded to float32.
type Bytes interface {
	// Affine answers shift and scale: none, one for all, or one per element of a sample.
	// ok is false where the samples are not bytes or their normalisation is another.
	Affine() (shift, scale []float32, ok bool)
	// ReadBytes copies samples as they are stored.
	ReadBytes(dst []byte, rows []int) error
}

// Resident is a split whose samples and labels lie on the device: a batch is a gather
// there. Its values are bit by bit those that the split reads.
type Resident struct {
	scope        *torch.Scope
	x, y         *torch.Tensor
	unit         *torch.Tensor // 255, where x holds bytes
	shift, scale *torch.Tensor // nil where there is none
}

// ResidentBytes is what MakeResident takes of the device's memory.
func ResidentBytes(s Split, in model.Inputs) int64 {
	sample := 4 * in.Dim()
	if _, _, ok := affine(s); ok {
		sample = in.Dim()
	}
	if in.LabelShape != nil {
		sample += 4 * int64(labelDim(in))
	}
	return int64(s.Len()) * sample
}

func affine(s Split) (shift, scale []float32, ok bool) {
	if b, isBytes := s.(Bytes); isBytes {
		return b.Affine()
	}
	return nil, nil, false
}

// MakeResident copies a split to the device, a piece at a time. Close frees it.
func MakeResident(s Split, in model.Inputs, d torch.Device) (r *Resident, err error) {
	r = &Resident{scope: torch.NewScope("data")}
	failed := torch.Try(func() { err = r.fill(s, in, d) })
	if failed != nil {
		err = failed
	}
	if err != nil {
		r.Close()
		err = tooLarge(err, d, "a copy of the data", ResidentBytes(s, in), "data.in_memory: false reads batches ahead instead")
		return nil, fmt.Errorf("copy the data to %s: %w", d, err)
	}
	return r, nil
}

// Close frees the split's memory; closing nil does nothing.
func (r *Resident) Close() {
	if r != nil {
		r.scope.Close()
	}
}

func (r *Resident) fill(s Split, in model.Inputs, d torch.Device) error {
	n, dim := s.Len(), int(in.Dim())
	keep := func(t *torch.Tensor) *torch.Tensor { r.scope.Attach(t); return t }
	shift, scale, bytes := affine(s)
	dtype := torch.Float32
	if bytes {
		dtype = torch.Uint8
		r.unit = keep(torch.Scalar(255, torch.On(d)))
		r.shift, r.scale = r.constant(shift, in, d), r.constant(scale, in, d)
	}
	r.x = keep(torch.Empty(sized(n, in.Shape), torch.As(dtype), torch.On(d)))
	if in.LabelShape != nil {
		r.y = keep(torch.Empty(sized(n, in.LabelShape), torch.On(d)))
	}
	piece := min(max(1<<22/dim, 1), n)
	values, labels := make([]float32, piece*dim), make([]float32, piece*labelDim(in))
	rows := make([]int, 0, piece)
	for from := 0; from < n; from += piece {
		rows = rows[:0]
		for i := from; i < min(from+piece, n); i++ {
			rows = append(rows, i)
		}
		if err := r.fillRows(s, rows, values[:len(rows)*dim], labels[:len(rows)*labelDim(in)]); err != nil {
			return err
		}
	}
	return nil
}

// constant is what bytes are shifted or divided by: a tensor of the device, for which a
// division is a division there too, and not a product with the reciprocal.
func (r *Resident) constant(v []float32, in model.Inputs, d torch.Device) *torch.Tensor {
	var shape []int64
	switch len(v) {
	case 0:
		return nil
	case int(in.Dim()):
		shape = in.Shape
	}
	t := torch.FromFloat32s(v, shape, torch.On(d))
	r.scope.Attach(t)
	return t
}

// fillRows copies rows that follow one another.
func (r *Resident) fillRows(s Split, rows []int, values, labels []float32) (err error) {
	torch.Scoped(func() {
		at, n := int64(rows[0]), int64(len(rows))
		x := r.x.Narrow(0, at, n)
		if r.unit != nil {
			raw := make([]byte, len(values))
			if err = s.(Bytes).ReadBytes(raw, rows); err == nil {
				x.Write(raw)
			}
		} else if err = s.Read(values, rows); err == nil {
			x.WriteFloat32s(values)
		}
		if err != nil || r.y == nil {
			return
		}
		if err = s.ReadLabels(labels, rows); err == nil {
			r.y.Narrow(0, at, n).WriteFloat32s(labels)
		}
	})
	return err
}

// Gather is the batch of the given rows, int64 on the device.
func (r *Resident) Gather(rows *torch.Tensor) model.Batch {
	x := r.x.IndexSelect(0, rows)
	if r.unit != nil {
		x = x.To(torch.Float32).Div(r.unit)
		if r.shift != nil {
			x = x.Sub(r.shift)
		}
		if r.scale != nil {
			x = x.Div(r.scale)
		}
	}
	b := model.Batch{X: x}
	if r.y != nil {
		b.Y = r.y.IndexSelect(0, rows)
	}
	return b
}
