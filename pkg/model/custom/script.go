package custom

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// scripted is a model whose network is a TorchScript file. The state dict is the module's
// own; the file is kept beside it.
type scripted struct {
	held
	Module *nn.Script    `torch:""`
	File   *torch.Tensor `torch:"file,state"` // bytes, on the CPU
}

// Restore is the file's content as a checkpoint kept it.
func (c *Config) Restore(content []byte) { c.kept = content }

var _ model.Filed = (*Config)(nil)

func buildScript(c *Config, in model.Inputs, o nn.Options) (model.Model, error) {
	content, err := c.script()
	if err != nil {
		return nil, err
	}
	numbers, err := countNumbers(c.TorchScript, content)
	if err != nil {
		return nil, err
	}
	if o.Plan != nil { // the module is only known to libtorch
		o.Plan([]int64{numbers}, torch.Float32, true)
		o.Plan([]int64{int64(len(content)) / 8}, torch.Uint8, false)
		return &scripted{}, nil
	}
	s, err := torch.LoadScript(content, o.DType, o.Device, o.Scope)
	if err != nil {
		return nil, model.Mistakef("model.torchscript: %s cannot be read: %v", c.TorchScript, err)
	}
	net := &nn.Script{Module: s}
	m := &scripted{held: held{net: net}, Module: net, File: torch.FromBytes(content, torch.Uint8, []int64{int64(len(content))})}
	o.Scope.Attach(m.File)
	if len(nn.Params(m)) == 0 {
		return nil, model.Mistakef("model.torchscript: %s has no parameters to train; save the module before torch.jit.freeze or optimize_for_inference, with requires_grad", c.TorchScript)
	}
	out, err := m.try(c.TorchScript, in, o)
	if err != nil {
		return nil, err
	}
	m.objective, err = newObjective(c.Objective, "model", Take{}, in, out, o)
	return m, err
}

// script is the content of the file, or what a checkpoint kept of it.
func (c *Config) script() ([]byte, error) {
	if c.kept != nil {
		return c.kept, nil
	}
	content, err := os.ReadFile(c.TorchScript)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, model.Mistakef("model.torchscript: there is no file %s; write one with torch.jit.script(module).save(%q)", c.TorchScript, c.TorchScript)
	case err != nil:
		return nil, model.Mistakef("model.torchscript: %v", err)
	}
	return content, nil
}

// countNumbers is how many float32 numbers the tensors of the file take, and finds what
// is no TorchScript file.
func countNumbers(path string, content []byte) (int64, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return 0, model.Mistakef("model.torchscript: %s is no TorchScript file (%v); write one with torch.jit.script(module).save(%q)", path, err, path)
	}
	size, code := uint64(0), false
	for _, f := range archive.File {
		_, name, _ := strings.Cut(f.Name, "/")
		if strings.HasPrefix(name, "data/") {
			size += f.UncompressedSize64
		}
		code = code || strings.HasPrefix(name, "code/")
	}
	if !code {
		return 0, model.Mistakef("model.torchscript: %s holds no module's code, only data, as torch.save writes it; write it with torch.jit.script(module).save(%q)", path, path)
	}
	return int64(size / 4), nil
}

// try gives the module two samples of zeros, and answers the shape of one output.
func (m *scripted) try(path string, in model.Inputs, o nn.Options) ([]int64, error) {
	var shape []int64
	err := torch.Try(func() {
		torch.Scoped(func() {
			torch.NoGrad(func() {
				x := torch.Zeros(append([]int64{2}, in.Shape...), torch.On(o.Device), torch.As(o.DType))
				shape = m.Module.Forward(x, false).Shape()
			})
		})
	})
	switch {
	case err != nil:
		return nil, model.Mistakef("model.torchscript: %s does not take samples of shape %v as [2 …] float32: %v", path, in.Shape, err)
	case len(shape) == 0 || shape[0] != 2:
		return nil, model.Mistakef("model.torchscript: %s gives %v for two samples, expected [2 …]: one output for each sample", path, shape)
	}
	return shape[1:], nil
}

// Embed is the module's output, flattened: [B, D].
func (m *scripted) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	if what != "" {
		return nil, model.Mistakef("output.what: found %q, but a TorchScript module has its output alone; leave it out", what)
	}
	return m.output(x, false).Reshape([]int64{x.Size(0), -1}), nil
}
