package checkpoint

import (
	"math"
	"math/big"
)

// maxShare bounds how often parts of a value may be shared: a walk over the whole
// value meets at most this many parts for each byte of the pickle.
const maxShare = 64

// finisher turns what the machine built into the values of this package: lists
// []any, tuples Tuple. It refuses values that contain themselves, are nested too
// deep, or share parts so often that walking them would never end.
type finisher struct {
	done map[any]*finished
}

type finished struct {
	value  any
	parts  int64 // in a walk over the value
	height int   // containers within it
	busy   bool  // while its items are being finished
}

func finish(v any, pickleSize int) (any, error) {
	f := &finisher{done: make(map[any]*finished)}
	r, err := f.value(v, 0)
	if err != nil {
		return nil, err
	}
	if r.parts/maxShare > int64(pickleSize) {
		return nil, bad("data.pkl: its parts are shared so often that they come to %d values", r.parts)
	}
	return r.value, nil
}

func (f *finisher) value(v any, depth int) (*finished, error) {
	switch v := v.(type) {
	case nil, bool, int64, *big.Int, float64, string, Bytes, *Tensor:
		return &finished{value: v, parts: 1}, nil
	case *seq, *Dict:
		return f.container(v, depth)
	}
	return nil, bad("data.pkl: it holds %s as a value", kindOf(v)).hint(savePlain)
}

// container finishes a list, tuple or dict the first time it is met.
func (f *finisher) container(v any, depth int) (*finished, error) {
	r, seen := f.done[v]
	switch {
	case seen && r.busy:
		return nil, bad("data.pkl: it holds %s that contains itself", kindOf(v))
	case depth >= maxDepth, seen && depth+r.height > maxDepth:
		return nil, bad("data.pkl: its values are nested more than %d deep", maxDepth)
	case seen:
		return r, nil
	}
	r = &finished{busy: true, parts: 1}
	f.done[v] = r
	var err error
	switch v := v.(type) {
	case *seq:
		err = f.seq(v, depth, r)
	case *Dict:
		err = f.items(v.vals, v.vals, depth, r)
		r.value = v
	}
	r.busy = false
	return r, err
}

func (f *finisher) seq(s *seq, depth int, r *finished) error {
	out := make([]any, len(s.items))
	switch s.kind {
	case list:
		r.value = out
	case tuple:
		r.value = Tuple(out)
	case set:
		r.value = Set(out)
	}
	return f.items(out, s.items, depth, r)
}

// items finishes src into dst, which may be the same, and adds them up in r.
func (f *finisher) items(dst, src []any, depth int, r *finished) error {
	for i, item := range src {
		v, err := f.value(item, depth+1)
		if err != nil {
			return err
		}
		dst[i] = v.value
		r.height = max(r.height, v.height+1)
		if r.parts += v.parts; r.parts < 0 { // doubling 64 times overflows
			r.parts = math.MaxInt64
		}
	}
	return nil
}
