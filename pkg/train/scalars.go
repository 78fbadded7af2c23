package train

import "github.com/gotrainer/trainer/pkg/torch"

// scalars holds the numbers that change from step to step where the device reads them
// (model.Context.Scheduled), so that a captured step sees the new ones.
type scalars struct {
	scope *torch.Scope
	step  int64
	list  []*scalar // in the order of a loss
}

type scalar struct {
	tensor *torch.Tensor
	value  func(step int64) float64
	now    float64 // what the tensor holds
}

func newScalars() *scalars { return &scalars{scope: torch.NewScope("scalars")} }

// Scalar makes the i-th scalar at its first use.
func (s *scalars) Scalar(i int, like *torch.Tensor, value func(step int64) float64) *torch.Tensor {
	if i < len(s.list) {
		return s.list[i].tensor
	}
	now := value(s.step)
	t := torch.Scalar(now, torch.Like(like))
	s.scope.Attach(t)
	s.list = append(s.list, &scalar{t, value, now})
	return t
}

// refresh writes what the scalars are after the given number of steps.
func (s *scalars) refresh(step int64) {
	s.step = step
	for _, x := range s.list {
		if now := x.value(step); now != x.now {
			x.tensor.Fill_(now)
			x.now = now
		}
	}
}

func (s *scalars) close() { s.scope.Close() }
