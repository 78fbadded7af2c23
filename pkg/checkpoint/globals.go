package checkpoint

import (
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
	tuple, isTuple := args.(*seq)
	if !isGlobal || !isTuple || !tuple.tuple {
		return m.bad("it calls %s with %s", kindOf(fn), kindOf(args))
	}
	build, ok := reducers[g]
	if !ok {
		return m.bad("it calls %s", kindOf(fn))
	}
	v, err := build(m, tuple.items)
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
		if s, ok := args[0].(*seq); ok && s.tuple {
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
