package checkpoint

// storages are the records of tensor data that the pickle names. The machine only
// checks that they are there and how large; fill reads them when the pickle is
// known to be sound.
type storages struct {
	check func(key string, size int64) error
	read  func(key string) ([]byte, error)
	byKey map[string]*storage
	order []*storage // as the pickle names them
	room  int64      // bytes that copies of strided tensors may still take
}

// storage is one record: a row of numbers that tensors are views of.
type storage struct {
	key   string
	dtype DType
	numel int64
	data  []byte   // while it is filled into its views
	views []window // what it holds
}

// window is a tensor that waits for its data.
type window struct {
	view
	n int64 // elements
	t *Tensor
}

// fill reads one storage after the other and gives its tensors their data: a part of
// the storage where they lie together in it, else a copy. A storage that was only
// copied from is forgotten before the next one is read, so that no more than the
// tensors and one storage are in memory.
func (st *storages) fill() error {
	for _, s := range st.order {
		var err error
		if s.data, err = st.read(s.key); err != nil {
			return err
		}
		for _, w := range s.views {
			w.fill()
		}
		s.data, s.views = nil, nil
	}
	return nil
}

func (w window) fill() {
	item := int64(w.s.dtype.Size())
	if w.n == 0 || w.contiguous() {
		from := min(w.offset, w.s.numel) * item
		to := from + w.n*item
		w.t.Data = w.s.data[from:to:to]
		return
	}
	w.t.Data = w.copy(make([]byte, 0, w.n*item))
}

// persID resolves ('storage', torch.XStorage, key, location, numel).
func (m *machine) persID() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	id, ok := v.(*seq)
	if !ok || id.kind != tuple || len(id.items) != 5 || id.items[0] != "storage" {
		return m.bad("a reference that is not a torch storage")
	}
	class, okClass := id.items[1].(global)
	key, okKey := id.items[2].(string)
	_, okPlace := id.items[3].(string)
	numel, okNumel := id.items[4].(int64)
	if !okClass || !okKey || !okPlace || !okNumel {
		return m.bad("a reference to a storage with parts of the wrong types")
	}
	s, err := m.storage(class, key, numel)
	if err != nil {
		return err
	}
	return m.push(s)
}

func (m *machine) storage(class global, key string, numel int64) (*storage, error) {
	const torch = "torch "
	if len(class) < len(torch) || class[:len(torch)] != torch {
		return nil, m.bad("%s as the type of a storage", kindOf(class))
	}
	dtype, ok := storageDType(string(class[len(torch):]))
	if !ok {
		return nil, m.bad("%s as the type of a storage", kindOf(class))
	}
	if !isDecimal(key) {
		return nil, m.bad("storage key %s, expected a number", quote(key))
	}
	size, ok := product([]int64{numel, int64(dtype.Size())})
	if !ok {
		return nil, m.bad("storage %s of %d elements", key, numel)
	}
	if s, ok := m.storages.byKey[key]; ok {
		if s.dtype != dtype || s.numel != numel {
			return nil, m.bad("storage %s is used as %d × %v and as %d × %v", key, s.numel, s.dtype, numel, dtype)
		}
		return s, nil
	}
	if err := m.storages.check(key, size); err != nil {
		return nil, err
	}
	s := &storage{key: key, dtype: dtype, numel: numel}
	m.storages.byKey[key] = s
	m.storages.order = append(m.storages.order, s)
	return s, nil
}

func isDecimal(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 10
}

// rebuildTensor makes the contiguous Tensor of (storage, offset, size, stride,
// requires_grad, hooks[, metadata]); its data come later.
func (m *machine) rebuildTensor(args []any) (any, error) {
	if len(args) < 6 || len(args) > 7 {
		return nil, m.bad("a tensor of %d parts, expected 6", len(args))
	}
	s, okS := args[0].(*storage)
	offset, okO := args[1].(int64)
	shape, okShape := ints(args[2])
	stride, okStride := ints(args[3])
	if !okS || !okO || !okShape || !okStride {
		return nil, m.bad("a tensor made of %s, %s, %s and %s", kindOf(args[0]), kindOf(args[1]), kindOf(args[2]), kindOf(args[3]))
	}
	v := view{s, offset, shape, stride}
	n, ok := v.inside()
	if !ok {
		return nil, m.bad("a tensor of shape %v, strides %v and offset %d does not fit its storage of %d elements",
			shape, stride, offset, s.numel)
	}
	t := &Tensor{DType: s.dtype, Shape: shape}
	if n > 0 && !v.contiguous() {
		size, ok := mul(n, int64(s.dtype.Size()))
		if !ok || size > m.storages.room {
			return nil, m.bad("a tensor of shape %v would expand its storage of %d elements beyond all measure", shape, s.numel)
		}
		m.storages.room -= size
	}
	s.views = append(s.views, window{v, n, t})
	return t, nil
}

// rebuildParameter makes (tensor, requires_grad, hooks[, state]) the tensor.
func (m *machine) rebuildParameter(args []any) (any, error) {
	if len(args) == 3 || len(args) == 4 {
		if t, ok := args[0].(*Tensor); ok {
			return t, nil
		}
	}
	return nil, m.bad("a parameter without its tensor")
}

// ints is a tuple or list of integers; 64 dimensions are PyTorch's own limit.
func ints(v any) ([]int64, bool) {
	s, ok := v.(*seq)
	if !ok || len(s.items) > 64 {
		return nil, false
	}
	out := make([]int64, len(s.items))
	for i, item := range s.items {
		if out[i], ok = item.(int64); !ok {
			return nil, false
		}
	}
	return out, true
}
