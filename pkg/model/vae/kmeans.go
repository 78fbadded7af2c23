package vae

import "github.com/gotrainer/trainer/pkg/torch"

// kmeansRounds is how often the centres move.
const kmeansRounds = 10

// kmeans are k centres of the vectors v [N, E] (Lloyd 1982), [k, E], without history. They
// begin at vectors spread evenly over the rows, and in each round become the means of the
// vectors that they are nearest to. One that is nearest to none moves to a vector that is far
// from its centre, as in scikit-learn's KMeans.
func kmeans(v *torch.Tensor, k int64) *torch.Tensor {
	n := v.Size(0)
	first := make([]int64, k)
	for i := range first {
		first[i] = int64(i) * n / k
	}
	centres := v.IndexSelect(0, torch.FromInt64s(first, []int64{k}, torch.On(v.Device())))
	for range kmeansRounds {
		index := v.NearestRows(centres)
		counts := shared(index, k, v)
		means := torch.Zeros(centres.Shape(), torch.Like(v)).IndexAdd(0, index, v).Div(counts.ClampMin(1).Unsqueeze(1))
		_, farthest := v.Sub(centres.IndexSelect(0, index)).Square().SumDim([]int64{1}, false).Sort(0, true)
		alone := counts.Eq(torch.Scalar(0, torch.Like(counts)))
		place := alone.To(v.DType()).CumSum(0).AddScalar(-1).Clamp(0, float64(n-1)).To(torch.Int64)
		centres = alone.Unsqueeze(1).Where(v.IndexSelect(0, farthest.IndexSelect(0, place)), means)
	}
	return centres
}

// shared is how many of the indices each of k centres has, [k], of the dtype of like.
func shared(index *torch.Tensor, k int64, like *torch.Tensor) *torch.Tensor {
	return torch.Zeros([]int64{k}, torch.Like(like)).IndexAdd(0, index, torch.Ones(index.Shape(), torch.Like(like)))
}
