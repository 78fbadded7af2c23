package checkpoint

// storages gives the machine the records of tensor data, each read once.
type storages struct {
	read   func(key string, size int64) ([]byte, error)
	loaded map[string]*storage
	room   int64 // bytes that copies of strided tensors may still take
}

// storage is one record: a row of numbers that tensors are views of.
type storage struct {
	dtype DType
	numel int64
	data  []byte
}

// persID resolves ('storage', torch.XStorage, key, location, numel).
func (m *machine) persID() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	id, ok := v.(*seq)
	if !ok || !id.tuple || len(id.items) != 5 || id.items[0] != "storage" {
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
	if s, ok := m.storages.loaded[key]; ok {
		if s.dtype != dtype || s.numel != numel {
			return nil, m.bad("storage %s is used as %d × %v and as %d × %v", key, s.numel, s.dtype, numel, dtype)
		}
		return s, nil
	}
	data, err := m.storages.read(key, size)
	if err != nil {
		return nil, err
	}
	s := &storage{dtype: dtype, numel: numel, data: data}
	m.storages.loaded[key] = s
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
// requires_grad, hooks[, metadata]).
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
	item := int64(s.dtype.Size())
	if n == 0 || v.contiguous() {
		from := min(offset, s.numel) * item
		to := from + n*item
		t.Data = s.data[from:to:to]
		return t, nil
	}
	size, ok := mul(n, item)
	if !ok || size > m.storages.room {
		return nil, m.bad("a tensor of shape %v would expand its storage of %d elements beyond all measure", shape, s.numel)
	}
	m.storages.room -= size
	t.Data = v.copy(make([]byte, 0, size))
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
