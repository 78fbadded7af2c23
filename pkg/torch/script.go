package torch

import (
	"strings"

	"github.com/gotrainer/trainer/cgo"
)

// Script is a TorchScript module, as torch.jit.script(module).save writes it. A file of one
// is a program: load those alone that you trust.
type Script struct {
	h       cgo.Handle
	Tensors []ScriptTensor // in the order of its state dict
}

// ScriptTensor is a tensor of a module: its own, so that writing to it changes the module.
type ScriptTensor struct {
	Name    string // "conv.weight"
	Tensor  *Tensor
	Trained bool // a parameter that requires a gradient
	Frozen  bool // a parameter that does not; else a buffer
}

// LoadScript reads a file's content, in evaluation mode. Its floating-point tensors become
// of the given dtype, and all lie on the given device. scope owns them and the module.
func LoadScript(content []byte, dtype DType, device Device, scope *Scope) (*Script, error) {
	h, err := cgo.LoadScript(content, int64(dtype), int64(device))
	if err != nil {
		return nil, newError("torchscript", err)
	}
	s := &Script{h: h}
	scope.atEnd(func() { free("torchscript", &s.h) })
	n, err := cgo.ScriptNames(h, nil)
	text := make([]byte, must("torchscript", n, err))
	if len(text) > 0 {
		_, err = cgo.ScriptNames(h, text)
		must("torchscript", 0, err)
	}
	for line := range strings.Lines(string(text)) {
		t, err := cgo.ScriptTensor(h, int64(len(s.Tensors)))
		entry := ScriptTensor{Name: strings.TrimSuffix(line[1:], "\n"), Tensor: own(must("torchscript", t, err)), Trained: line[0] == '+', Frozen: line[0] == '='}
		scope.Attach(entry.Tensor)
		s.Tensors = append(s.Tensors, entry)
	}
	return s, nil
}

// Forward is what the module makes of x; training is its mode, for dropout and batch
// statistics.
func (s *Script) Forward(x *Tensor, training bool) *Tensor {
	h, err := cgo.ScriptForward(s.h, x.handle("torchscript"), training)
	if err != nil {
		fail("torchscript", err, operand{"input", x})
	}
	return own(h)
}
