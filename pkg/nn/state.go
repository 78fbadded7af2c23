package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Source answers the bytes of a named tensor with its dtype and shape.
type Source interface {
	Names() []string
	Tensor(name string) (data []byte, dtype torch.DType, shape []int64, ok bool)
}

// LoadState copies values into the given tensors in place, strictly: one error lists
// everything that is missing, unexpected, or of another shape or dtype, and then
// nothing is changed.
func LoadState(params []Param, src Source) error {
	var problems []string
	known := map[string]bool{}
	for _, p := range params {
		known[p.Name] = true
		_, dtype, shape, ok := src.Tensor(p.Name)
		switch want := p.Tensor.Shape(); {
		case !ok:
			problems = append(problems, fmt.Sprintf("%s is missing", p.Name))
		case !slices.Equal(shape, want):
			problems = append(problems, fmt.Sprintf("%s has shape %v, the model has %v", p.Name, shape, want))
		case dtype != p.Tensor.DType():
			problems = append(problems, fmt.Sprintf("%s is %v, the model has %v", p.Name, dtype, p.Tensor.DType()))
		}
	}
	for _, name := range src.Names() {
		if !known[name] {
			problems = append(problems, fmt.Sprintf("%s is not in the model", name))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("the state does not fit the model: %s", strings.Join(problems, "; "))
	}
	for _, p := range params {
		data, _, _, _ := src.Tensor(p.Name)
		p.Tensor.Write(data)
	}
	return nil
}
