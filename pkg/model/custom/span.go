package custom

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// span is a range [from, to) of the numbers of a sample or of a label, as `take: [0, 4]`;
// empty where all are meant.
type span []int64

func (s span) empty() bool { return len(s) == 0 }
func (s span) size() int64 { return s[1] - s[0] }

// of is the range of each row: [B, …] to [B, size].
func (s span) of(x *torch.Tensor) *torch.Tensor {
	return x.Reshape([]int64{x.Size(0), -1}).Narrow(1, s[0], s.size())
}

// within says what is wrong with the range of a whole of n numbers.
func (s span) within(n int64, key, whole string) error {
	if len(s) != 2 || s[0] < 0 || s[0] >= s[1] || s[1] > n {
		return model.Mistakef("%s: found %v, expected [from, to] with 0 ≤ from < to ≤ %d, the numbers of %s", key, []int64(s), n, whole)
	}
	return nil
}
