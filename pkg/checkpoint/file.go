package checkpoint

import (
	"io"
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// File is the content of a training checkpoint: the dict that torch.load gives.
type File struct {
	Epoch        int64   // 1-based: the last finished epoch
	Model        *Dict   // model_state_dict: name -> *Tensor, in the module's order
	Optimizer    *Dict   // optimizer_state_dict: what torch.optim's load_state_dict takes
	MetricValue  float64 // the monitored metric at that epoch; may be NaN
	Config       *Dict   // the effective config
	RandomState  *Dict   // seed, torch, cuda, sampler
	TrainerState *Dict   // our own; nil in a file that Python wrote
}

// The keys of the dict, in their order in the file.
const (
	keyEpoch     = "epoch"
	keyModel     = "model_state_dict"
	keyOptimizer = "optimizer_state_dict"
	keyMetric    = "metric_value"
	keyConfig    = "config"
	keyRandom    = "random_state"
	keyTrainer   = "trainer_state"
)

// root is the dict with exactly the seven keys. model_state_dict becomes an
// OrderedDict; a part that is nil becomes an empty dict.
func (f *File) root() *Dict {
	model := &Dict{}
	if f.Model != nil {
		*model = *f.Model
	}
	model.Ordered = true
	return NewDict(
		keyEpoch, f.Epoch,
		keyModel, model,
		keyOptimizer, orEmpty(f.Optimizer),
		keyMetric, f.MetricValue,
		keyConfig, orEmpty(f.Config),
		keyRandom, orEmpty(f.RandomState),
		keyTrainer, orEmpty(f.TrainerState),
	)
}

func orEmpty(d *Dict) *Dict {
	if d == nil {
		return &Dict{}
	}
	return d
}

// Save writes f to path, atomically: path holds the old content or the new one,
// whole. Before the first byte is written it checks that the disk has room for
// all of them.
func Save(path string, f *File) error {
	return SaveThrough(path, f, func(w io.Writer) io.Writer { return w })
}

// SaveThrough is Save with a writer on the way to the file, such as one that counts.
func SaveThrough(path string, f *File, through func(io.Writer) io.Writer) error {
	a, err := assemble(folderOf(filepath.Base(path)), f.root())
	if err != nil {
		return err
	}
	w, err := atomicfile.CreateSized(path, a.size)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := a.stream(through(w)); err != nil {
		return err
	}
	return w.Commit()
}

// Load reads a checkpoint of this program, or one that Python wrote with the same
// keys; there trainer_state may be missing and other keys are passed over. An
// error names path and what is wrong in one sentence; it is an *Error, the user's
// to mend, unless the disk could not be read.
func Load(path string) (*File, error) {
	root, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, root)
}

// Parse is Load of a value that was read from path before.
func Parse(path string, root any) (*File, error) {
	f, err := fromRoot(root)
	if err != nil {
		return nil, atPath(path, err)
	}
	return f, nil
}

// IsTraining tells whether a value has the keys of a training checkpoint, and is to be
// taken for one by Parse.
func IsTraining(root any) bool {
	d, _ := root.(*Dict)
	for _, key := range []string{keyEpoch, keyModel, keyOptimizer, keyMetric, keyConfig, keyRandom} {
		if _, ok := d.Get(key); !ok {
			return false
		}
	}
	return true
}

const sixKeys = "a training checkpoint is a dict with epoch, model_state_dict, optimizer_state_dict, metric_value, config and random_state"

func fromRoot(root any) (*File, error) {
	d, ok := root.(*Dict)
	if !ok {
		return nil, bad("holds %s, expected a dict", kindOf(root)).hint(sixKeys)
	}
	if IsLightning(d) {
		return nil, bad("a Lightning checkpoint, expected a training checkpoint of trainer").hint("`trainer inspect %[1]s` lists what is in it")
	}
	if isStateDict(d) {
		return nil, bad("holds a bare state dict, expected a training checkpoint").hint(sixKeys)
	}
	f := &File{}
	var p parts
	f.Epoch = part[int64](&p, d, keyEpoch)
	f.Model = part[*Dict](&p, d, keyModel)
	f.Optimizer = part[*Dict](&p, d, keyOptimizer)
	f.MetricValue = p.metric(d)
	f.Config = part[*Dict](&p, d, keyConfig)
	f.RandomState = part[*Dict](&p, d, keyRandom)
	if _, ok := d.Get(keyTrainer); ok {
		f.TrainerState = part[*Dict](&p, d, keyTrainer)
	}
	if p.err != nil {
		return nil, p.err
	}
	return f, f.check()
}

// parts collects the first error of several reads.
type parts struct{ err error }

func (p *parts) note(err error) {
	if e, ok := err.(*Error); ok && p.err == nil {
		p.err = e.hint(sixKeys)
	}
}

func part[T any](p *parts, d *Dict, key string) T {
	v, err := Value[T](d, key)
	p.note(err)
	return v
}

// metric takes an int too: Python writes 0 where it means 0.0.
func (p *parts) metric(d *Dict) float64 {
	if v, ok := d.Get(keyMetric); ok {
		if n, ok := v.(int64); ok {
			return float64(n)
		}
	}
	return part[float64](p, d, keyMetric)
}

func (f *File) check() error {
	if f.Epoch < 0 {
		return bad("epoch is %d, expected 0 or more", f.Epoch)
	}
	for key, v := range f.Model.All() {
		_, isName := key.(string)
		if _, isTensor := v.(*Tensor); !isName || !isTensor {
			return bad("model_state_dict has %s under the key %s, expected tensors under names", kindOf(v), keyText(key))
		}
	}
	return nil
}

func isStateDict(d *Dict) bool {
	for _, v := range d.All() {
		if _, ok := v.(*Tensor); !ok {
			return false
		}
	}
	return d.Len() > 0
}
