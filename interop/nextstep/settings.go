package main

import (
	"errors"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/optim"
)

// readSettings takes the optimizer's name from the config, and all numbers from the
// param group, as torch.optim's load_state_dict does.
func readSettings(file *checkpoint.File) (optim.Config, error) {
	training, err := checkpoint.Value[*checkpoint.Dict](file.Config, "training")
	if err != nil {
		return optim.Config{}, err
	}
	section, err := checkpoint.Value[*checkpoint.Dict](training, "optimizer")
	if err != nil {
		return optim.Config{}, err
	}
	groups, err := checkpoint.Value[[]any](file.Optimizer, "param_groups")
	if err != nil {
		return optim.Config{}, err
	}
	r := reader{dict: groups[0].(*checkpoint.Dict)}
	c := optim.Config{LR: get[float64](&r, "lr"), WeightDecay: get[float64](&r, "weight_decay")}
	if c.Name, err = checkpoint.Value[string](section, "name"); err != nil {
		return c, err
	}
	if c.Name == "sgd" {
		c.Momentum, c.Dampening, c.Nesterov = get[float64](&r, "momentum"), get[float64](&r, "dampening"), get[bool](&r, "nesterov")
		return c, r.err
	}
	c.Eps = get[float64](&r, "eps")
	if betas := get[checkpoint.Tuple](&r, "betas"); len(betas) == 2 {
		c.Beta1, c.Beta2 = betas[0].(float64), betas[1].(float64)
	}
	return c, r.err
}

// reader collects the errors of several reads of one dict.
type reader struct {
	dict *checkpoint.Dict
	err  error
}

func get[T any](r *reader, key string) T {
	v, err := checkpoint.Value[T](r.dict, key)
	r.err = errors.Join(r.err, err)
	return v
}
