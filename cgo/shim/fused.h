// What the functions with a backward written by hand share. Each of them is for float32
// and float64 on the CPU outside autocast; everything else takes the composition of
// ATen's ops that stands beside it.
#pragma once

#include "impl.h"

#include <ATen/autocast_mode.h>

namespace shim {

// x·wᵀ + bias of x [B, K], w [N, K] in any strides, and bias [N] or undefined; without
// history.
at::Tensor product(const at::Tensor &x, const at::Tensor &w, const at::Tensor &bias);

// aᵀ·b of a [B, M] and b [B, N]: [M, N] in C order, without history.
at::Tensor product_over_batch(const at::Tensor &a, const at::Tensor &b);

// Whether the hand-written functions are for tensors such as t.
inline bool by_hand(const at::Tensor &t) {
  return t.is_cpu() && t.layout() == at::kStrided && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble) &&
         !at::autocast::is_autocast_enabled(at::kCPU);
}

// Whether b is the same sort of tensor as a, of the same shape.
inline bool alike(const at::Tensor &a, const at::Tensor &b) {
  return b.is_cpu() && b.layout() == at::kStrided && b.scalar_type() == a.scalar_type() && b.sizes() == a.sizes();
}

}  // namespace shim
