package checkpoint

// view is a strided window on a storage; offset and strides count elements.
type view struct {
	s      *storage
	offset int64
	shape  []int64
	stride []int64
}

// inside gives the number of elements, and whether all of them lie in the storage.
// No sum or product can overflow: each is checked against the storage as it grows.
func (v view) inside() (int64, bool) {
	n, ok := product(v.shape)
	if !ok || v.offset < 0 || len(v.shape) != len(v.stride) {
		return 0, false
	}
	last := v.offset
	for i, stride := range v.stride {
		if stride < 0 {
			return 0, false
		}
		if n == 0 {
			continue
		}
		step, ok := mul(v.shape[i]-1, stride)
		if !ok || step > v.s.numel || last > v.s.numel {
			return 0, false
		}
		last += step
	}
	return n, n == 0 || last < v.s.numel
}

// contiguous tells whether the elements lie one after the other in C order.
func (v view) contiguous() bool {
	step := int64(1)
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] != 1 && v.stride[i] != step {
			return false
		}
		step *= v.shape[i]
	}
	return true
}

// copy appends the elements to out in C order. It works on views that are inside
// their storage and not empty.
func (v view) copy(out []byte) []byte {
	item := int64(v.s.dtype.Size())
	run, dims := v.run()
	index := make([]int64, dims)
	at := v.offset
	for {
		out = append(out, v.s.data[at*item:(at+run)*item]...)
		d := dims - 1
		for ; d >= 0; d-- { // the odometer: next index, rightmost first
			index[d]++
			at += v.stride[d]
			if index[d] < v.shape[d] {
				break
			}
			at -= index[d] * v.stride[d]
			index[d] = 0
		}
		if d < 0 {
			return out
		}
	}
}

// run is the number of elements that lie together, and the number of leading
// dimensions that are left to walk.
func (v view) run() (run int64, dims int) {
	run, dims = 1, len(v.shape)
	for dims > 0 && (v.shape[dims-1] == 1 || v.stride[dims-1] == run) {
		run *= v.shape[dims-1]
		dims--
	}
	return run, dims
}
