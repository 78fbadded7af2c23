package trainer

import (
	"fmt"
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/runs"
	"github.com/gotrainer/trainer/pkg/torch"
)

// need is what a model takes.
type need struct {
	Parameters int64 `json:"parameters,omitempty"` // numbers that are trained
	Memory     int64 `json:"memory,omitempty"`     // bytes of weights, gradients and optimizer; a batch's activations come on top
	Checkpoint int64 `json:"checkpoint,omitempty"` // bytes of one, about
	Disk       int64 `json:"disk,omitempty"`       // bytes of all checkpoints at the end, at most
	DiskFree   int64 `json:"disk_free,omitempty"`  // where they go
}

// needOf builds the model without tensors, which also finds what does not fit the data,
// and holds the checkpoints of so many epochs against the free disk.
func needOf(cfg *config.Train, data *dataset.Data, epochs int64) (need, error) {
	const size, rest = 4, 48 << 10 // bytes of a number; of what a checkpoint holds besides
	var n need
	buffers := int64(0)
	variant, _ := models().Find(cfg.Model.Type, cfg.Model.Variant)
	plan := func(shape []int64, dtype torch.DType, trained bool) {
		if trained {
			n.Parameters += product(shape)
		} else {
			buffers += product(shape) * 8 // counters; running means are half that
		}
	}
	if _, err := variant.Build(cfg.Model.Params, inputsOf(data), nn.Options{Plan: plan}); err != nil {
		return n, err
	}
	states := optim.Config{Name: cfg.Training.Optimizer.Name, Momentum: cfg.Training.Optimizer.Momentum}.Copies()
	n.Memory = n.Parameters*size*(2+states) + buffers
	n.Checkpoint = n.Parameters*size*(1+states) + buffers + rest
	n.Disk = n.Checkpoint
	if cfg.Checkpoint.SaveStrategy == string(checkpoint.All) {
		n.Disk *= max(epochs, 1) // best and last are epochs under a second name
	}
	if free, err := atomicfile.Free(nearestFolder(cfg.Experiment.OutputDir)); err == nil {
		n.DiskFree = free
		if n.Disk > free {
			return n, mistakef("experiment.output_dir: the checkpoints need up to %s, and %s are free in %s; free some space, choose another folder, or set checkpoint.save_strategy to best",
				runs.Bytes(n.Disk), runs.Bytes(free), cfg.Experiment.OutputDir)
		}
	}
	return n, nil
}

// nearestFolder is the folder, or the first above it that is there.
func nearestFolder(dir string) string {
	for !isDir(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

func (n need) String() string {
	return fmt.Sprintf("; %d parameters, %s of memory besides activations, up to %s of checkpoints", n.Parameters, runs.Bytes(n.Memory), runs.Bytes(n.Disk))
}
