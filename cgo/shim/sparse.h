// Sparse codes: K values and K latents for each of B rows, beside a dictionary of m
// latents. What a device must be able to do for them, and who can.
//
// values, coef: [B, K]; latents: int64 [B, K]; h: [B, m]; w: [m, n]; rows, g: [B, n]; all
// contiguous, of one element type but for latents.
#pragma once

#include <ATen/ATen.h>

namespace shim::sparse {

// Where each latent is used: positions offsets[l] to offsets[l+1] of order hold those
// p = row·K + j whose latent is l and whose value is not 0, ascending.
struct Mapping {
  at::Tensor offsets, order;
  at::Tensor latents;
  int64_t m;
};

struct Kernels {
  // top writes the k largest of relu(h) of each row to the first k columns of values and
  // latents, ascending by latent; of equal ones the lowest latents. NaN is largest. The
  // columns after k are the same among the latents where keep (bool [m]) is set.
  void (*top)(const at::Tensor &h, int64_t k, const at::Tensor &keep, const at::Tensor &values, const at::Tensor &latents);
  // Within the first `split` columns of a row no latent comes twice, nor within the others.
  Mapping (*map)(const at::Tensor &values, const at::Tensor &latents, int64_t m, int64_t split);
  // decode is start + Σ_j values[b, j] w[latents[b, j]], [B, n]; start [n] may be undefined.
  at::Tensor (*decode)(const at::Tensor &values, const at::Tensor &latents, const at::Tensor &w, const at::Tensor &start);
  // dots is g[b]·w[latents[b, j]], [B, K].
  at::Tensor (*dots)(const at::Tensor &g, const at::Tensor &latents, const at::Tensor &w);
  // gather is Σ_b,j coef[b, j] rows[b] for each latent, [m, n], or [n, m] where transposed.
  at::Tensor (*gather)(const at::Tensor &coef, const Mapping &map, const at::Tensor &rows, bool transposed);
  // totals is Σ coef for each latent, [m].
  at::Tensor (*totals)(const at::Tensor &coef, const Mapping &map);
  // project takes out of each row of g what lies along that row d of w, g -= (g·d) d / |d|²,
  // and leaves it where d is 0; unit divides each row of w by its norm + eps.
  void (*project)(const at::Tensor &g, const at::Tensor &w);
  void (*unit)(const at::Tensor &w, double eps);
};

// The plain ops of ATen, for any device and element type: what the others are tested
// against, and what serves where they do not fit.
extern const Kernels reference;
// float32 and float64 on the CPU.
extern const Kernels cpu;
// float32 on the CPU, from the text of the CUDA kernels: for tests.
extern const Kernels host;
// float32 on CUDA; null in a build without.
const Kernels *cuda();

}  // namespace shim::sparse
