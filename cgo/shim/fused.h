// What the functions with a backward written by hand share. Each of them is for float32
// and float64 on the CPU outside autocast; everything else takes the composition of
// ATen's ops that stands beside it.
#pragma once

#include "impl.h"

#include <ATen/autocast_mode.h>

namespace shim {

// x·wᵀ + bias of x [B, K], w [N, K] in any strides, and bias [N] or undefined, and
// max(…, 0) of it with relu; without history.
at::Tensor product(const at::Tensor &x, const at::Tensor &w, const at::Tensor &bias, bool relu = false);

// aᵀ·b of a [B, M] and b [B, N]: [M, N] in C order, without history.
at::Tensor product_over_batch(const at::Tensor &a, const at::Tensor &b);

// Gradients that are left as the two factors of the product over the batch gᵀ·x, from
// defer_products (impl.h) until Adam's step, which multiplies them block by block: such a
// gradient is never written to memory. Each thread has its own.
struct Factors {
  at::Tensor g, x;
};
bool defer(const at::Tensor &weight, const at::Tensor &g, const at::Tensor &x);  // whether it was taken
std::vector<Factors> take_deferred(const at::Tensor &weight);
void forget_deferred();

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
