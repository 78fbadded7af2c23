// Command nextstep does what trainer would do next from a checkpoint, so that
// interop/run.sh can hold it against PyTorch: it draws normal numbers from the saved
// random state, and makes one optimizer step with given gradients at the saved
// learning rate.
//
//	nextstep CHECKPOINT GRADIENTS.pt OUT.pt
//
// GRADIENTS.pt is a dict with a tensor for each parameter, in the model's order. OUT.pt
// gets {"weights": the same names, "randn": a vector}.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

const draws = 1000

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: nextstep CHECKPOINT GRADIENTS.pt OUT.pt")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "nextstep:", err)
		os.Exit(1)
	}
}

func run(path, gradients, out string) error {
	file, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	root, err := checkpoint.ReadFile(gradients)
	if err != nil {
		return err
	}
	grads, ok := root.(*checkpoint.Dict)
	if !ok {
		return fmt.Errorf("%s: expected a dict of tensors", gradients)
	}
	engine, err := torch.Start(torch.Options{Threads: 1, Deterministic: true})
	if err != nil {
		return err
	}
	defer engine.Close()
	return engine.Do(context.Background(), func() error {
		randn, err := draw(file)
		if err != nil {
			return err
		}
		weights, err := step(file, grads)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := checkpoint.Write(&b, "next", checkpoint.NewDict("weights", weights, "randn", randn)); err != nil {
			return err
		}
		return atomicfile.WriteFile(out, b.Bytes())
	})
}

// draw is what a model's noise would be next.
func draw(file *checkpoint.File) (*checkpoint.Tensor, error) {
	state, err := checkpoint.Value[*checkpoint.Tensor](file.RandomState, "torch")
	if err != nil {
		return nil, err
	}
	torch.SetRNGState(torch.CPU, state.Data)
	return toFile(torch.Randn([]int64{draws}, nil)), nil
}

// step is the weights after one step, by the gradients' names.
func step(file *checkpoint.File, grads *checkpoint.Dict) (*checkpoint.Dict, error) {
	var names []string
	var params []*torch.Tensor
	for key := range grads.All() {
		name, _ := key.(string)
		w, err := tensor(file.Model, name)
		if err != nil {
			return nil, err
		}
		g, err := tensor(grads, name)
		if err != nil {
			return nil, err
		}
		w.SetRequiresGrad(true)
		w.Mul(g).Sum().Backward() // a loss whose gradient is g
		names, params = append(names, name), append(params, w)
	}
	if err := update(file, params); err != nil {
		return nil, err
	}
	weights := checkpoint.NewDict()
	for i, w := range params {
		weights.Set(names[i], toFile(w))
	}
	return weights, nil
}

// update makes the step with the checkpoint's optimizer.
func update(file *checkpoint.File, params []*torch.Tensor) error {
	settings, err := readSettings(file)
	if err != nil {
		return err
	}
	opt, err := optim.New(settings, params)
	if err != nil {
		return err
	}
	defer opt.Close()
	states, err := loadedStates(file.Optimizer, len(params))
	if err != nil {
		return err
	}
	if err := opt.Load(states); err != nil {
		return err
	}
	opt.SetLR(settings.LR)
	torch.NoGrad(func() { opt.Step(torch.Scalar(0)) })
	return nil
}

// loadedStates reads optimizer_state_dict["state"].
func loadedStates(d *checkpoint.Dict, params int) (states []optim.LoadedState, err error) {
	state, err := checkpoint.Value[*checkpoint.Dict](d, "state")
	if err != nil {
		return nil, err
	}
	for i := range params {
		entries, ok := state.Get(i)
		if !ok {
			continue
		}
		var tensors train.Tensors
		for key, value := range entries.(*checkpoint.Dict).All() {
			t := value.(*checkpoint.Tensor)
			dtype, _ := torch.ParseDType(t.DType.String())
			tensors = append(tensors, train.Tensor{Name: key.(string), DType: dtype, Shape: t.Shape, Data: t.Data})
		}
		states = append(states, optim.LoadedState{Index: i, Entries: tensors})
	}
	return states, nil
}

func tensor(d *checkpoint.Dict, name string) (*torch.Tensor, error) {
	t, err := checkpoint.Value[*checkpoint.Tensor](d, name)
	if err != nil {
		return nil, err
	}
	dtype, ok := torch.ParseDType(t.DType.String())
	if !ok {
		return nil, fmt.Errorf("%s is %v, expected a type of weights", name, t.DType)
	}
	return torch.FromBytes(t.Data, dtype, t.Shape), nil
}

func toFile(t *torch.Tensor) *checkpoint.Tensor {
	dtype, _ := checkpoint.ParseDType(t.DType().String())
	return &checkpoint.Tensor{DType: dtype, Shape: t.Shape(), Data: t.Raw()}
}
