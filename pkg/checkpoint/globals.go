package checkpoint

import (
	"slices"
	"strconv"
	"strings"
)

// reducers are the Python functions and classes that a checkpoint may call, each
// as the plain data that it would build. Nothing else is ever called.
var reducers = map[global]func(m *machine, args []any) (any, error){
	"collections OrderedDict": (*machine).orderedDict,
	"collections Counter":     (*machine).counter,
	"torch Size":              (*machine).size,
	"torch device":            (*machine).device,

	"_codecs encode":        (*machine).encodedBytes,
	"__builtin__ bytes":     (*machine).encodedBytes,
	"builtins bytes":        (*machine).encodedBytes,
	"__builtin__ bytearray": (*machine).encodedBytes,
	"builtins bytearray":    (*machine).encodedBytes,
	"__builtin__ set":       (*machine).setOf,
	"builtins set":          (*machine).setOf,
	"__builtin__ frozenset": (*machine).setOf,
	"builtins frozenset":    (*machine).setOf,

	"torch._utils _rebuild_tensor_v2":            (*machine).rebuildTensor,
	"torch._utils _rebuild_parameter":            (*machine).rebuildParameter,
	"torch._utils _rebuild_parameter_with_state": (*machine).rebuildParameter,
}

func (m *machine) global() error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	return m.pushGlobal(module, name)
}

func (m *machine) stackGlobal() error {
	name, err := m.pop()
	if err != nil {
		return err
	}
	module, err := m.pop()
	if err != nil {
		return err
	}
	n, okN := name.(string)
	mod, okM := module.(string)
	if !okN || !okM {
		return m.bad("the name of a Python object is %s and %s", kindOf(module), kindOf(name))
	}
	return m.pushGlobal(mod, n)
}

// pushGlobal refuses every name that is not on the lists. A dtype (torch.float32)
// is data: it becomes its name.
func (m *machine) pushGlobal(module, name string) error {
	g := global(module + " " + name)
	if _, ok := reducers[g]; ok {
		return m.push(g)
	}
	if module == "torch" {
		if _, ok := storageDType(name); ok {
			return m.push(g)
		}
		if _, ok := ParseDType(name); ok {
			return m.push("torch." + name)
		}
		if strings.HasSuffix(name, "Storage") {
			return m.bad("%s is a type that is not supported", quote("torch."+name))
		}
	}
	e := m.bad("it uses the Python object %s, which is not allowed", quote(module+"."+name)).hint(savePlain)
	if strings.HasPrefix(module, "numpy") {
		e.Hint = "numpy values do not load safely: save them as tensors, lists or numbers"
	}
	return e
}

// reduce calls one of the reducers.
func (m *machine) reduce() error {
	args, err := m.pop()
	if err != nil {
		return err
	}
	fn, err := m.pop()
	if err != nil {
		return err
	}
	g, isGlobal := fn.(global)
	given, isSeq := args.(*seq)
	if !isGlobal || !isSeq || given.kind != tuple {
		return m.bad("it calls %s with %s", kindOf(fn), kindOf(args))
	}
	build, ok := reducers[g]
	if !ok {
		return m.bad("it calls %s", kindOf(fn))
	}
	v, err := build(m, given.items)
	if err != nil {
		return err
	}
	return m.push(v)
}

// build takes the state of an OrderedDict, which for a torch state dict is
// {"_metadata": …}: module versions that nothing here needs.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	obj, err := m.top()
	if err != nil {
		return err
	}
	d, isDict := obj.(*Dict)
	s, isState := state.(*Dict)
	if !isDict || !d.Ordered || !isState {
		return m.bad("it sets the state of %s to %s", kindOf(obj), kindOf(state))
	}
	for _, key := range s.keys {
		if key != "_metadata" {
			return m.bad("it sets the attribute %s of an OrderedDict", keyText(key))
		}
	}
	return nil
}

func (m *machine) orderedDict(args []any) (any, error) {
	if len(args) != 0 {
		return nil, m.bad("OrderedDict with %d arguments, expected none", len(args))
	}
	return &Dict{Ordered: true}, nil
}

func (m *machine) counter(args []any) (any, error) {
	if len(args) == 1 {
		if d, ok := args[0].(*Dict); ok {
			return d, nil
		}
	}
	return nil, m.bad("Counter without its dict")
}

func (m *machine) size(args []any) (any, error) {
	if len(args) == 1 {
		if s, ok := args[0].(*seq); ok && s.kind == tuple {
			return s, nil
		}
	}
	return nil, m.bad("torch.Size without its tuple")
}

// device makes torch.device("cuda", 0) the text "cuda:0".
func (m *machine) device(args []any) (any, error) {
	if len(args) == 1 || len(args) == 2 {
		kind, ok := args[0].(string)
		if ok && len(args) == 1 {
			return kind, nil
		}
		if index, isInt := args[len(args)-1].(int64); ok && isInt {
			return kind + ":" + strconv.FormatInt(index, 10), nil
		}
	}
	return nil, m.bad("torch.device without its name")
}

// encodedBytes is how pickle spells bytes: encode(text, "latin1"), bytes() for none,
// bytearray of either.
func (m *machine) encodedBytes(args []any) (any, error) {
	switch {
	case len(args) == 0:
		return Bytes{}, nil
	case len(args) == 1:
		if b, ok := args[0].(Bytes); ok {
			return b, nil
		}
	case len(args) == 2 && args[1] == "latin1" || len(args) == 2 && args[1] == "latin-1":
		if s, ok := args[0].(string); ok {
			return m.latin1(s)
		}
	}
	return nil, m.bad("bytes that are not spelled as pickle does")
}

func (m *machine) latin1(s string) (any, error) {
	b := make(Bytes, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil, m.bad("bytes with the character %q, which is none", r)
		}
		b = append(b, byte(r))
	}
	return b, nil
}

func (m *machine) setOf(args []any) (any, error) {
	if len(args) == 0 {
		return &seq{kind: set}, nil
	}
	if items, ok := args[0].(*seq); ok && len(args) == 1 && items.kind == list {
		return &seq{items: slices.Clone(items.items), kind: set}, nil
	}
	return nil, m.bad("a set that is not made of one list")
}
