// relu((x - c)·wᵀ + b), with or without its parts, as one node of the graph.
#include <torch/csrc/autograd/custom_function.h>

#include "fused.h"

#pragma GCC optimize("O3")

namespace shim {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The gradient of a weight has the weight's order in memory, so that nobody copies it.
at::Tensor weight_grad(const at::Tensor &g, const at::Tensor &in, const at::Tensor &weight) {
  return weight.is_contiguous() ? product_over_batch(g, in) : product_over_batch(in, g).t();
}

template <class T>
void add_rows(const at::Tensor &g, const at::Tensor &sum) {
  const T *from = g.const_data_ptr<T>();
  T *to = sum.mutable_data_ptr<T>();
  for (int64_t b = 0, n = g.size(1); b < g.size(0); b++)
    for (int64_t i = 0; i < n; i++) to[i] += from[b * n + i];
}

// Σ_B g of g [B, N] in C order; of a small batch without what an op of ATen costs.
at::Tensor sum_over_batch(const at::Tensor &g) {
  if (g.size(0) > 64) return g.sum(0);
  at::Tensor sum = at::zeros({g.size(1)}, g.options());
  g.scalar_type() == at::kFloat ? add_rows<float>(g, sum) : add_rows<double>(g, sum);
  return sum;
}

struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const std::optional<at::Tensor> &center,
                            const at::Tensor &weight, const std::optional<at::Tensor> &bias, bool relu) {
    at::AutoDispatchBelowAutograd plain;
    at::Tensor in = center ? x - *center : x.contiguous();
    at::Tensor y = product(in, weight, bias ? *bias : at::Tensor(), relu);
    ctx->save_for_backward({in, weight, relu ? y : at::Tensor()});
    ctx->saved_data["center"] = center.has_value();
    ctx->saved_data["bias"] = bias.has_value();
    return y;
  }

  // With g the gradient of what relu takes: ∂w = gᵀ·(x - c), ∂b = Σ g, ∂x = g·w, and
  // ∂c = -(Σ g)·w, a product with one row where autograd's would have a batch of them.
  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    at::AutoDispatchBelowAutograd plain;
    variable_list saved = ctx->get_saved_variables();
    const at::Tensor &in = saved[0], &weight = saved[1], &y = saved[2];
    bool center = ctx->saved_data["center"].toBool();
    at::Tensor g = grads[0].contiguous();
    if (y.defined()) g = at::threshold_backward(g, y, 0);
    bool bias = ctx->saved_data["bias"].toBool();
    at::Tensor sum, dx, dc, dw;
    if (bias || center) sum = sum_over_batch(g);
    if (ctx->needs_input_grad(0)) dx = product(g, weight.t(), {});
    if (center && ctx->needs_input_grad(1)) dc = at::mv(weight.t(), sum).neg_();
    if (ctx->needs_input_grad(center ? 2 : 1) && !defer(weight, g, in)) dw = weight_grad(g, in, weight);
    return {dx, dc, dw, bias ? sum : at::Tensor(), {}};
  }
};

bool fits(const at::Tensor &x, const at::Tensor &center, const at::Tensor &weight, const at::Tensor &bias) {
  auto vector = [&](const at::Tensor &v, int64_t n) { return !v.defined() || (v.is_cpu() && v.scalar_type() == x.scalar_type() && v.dim() == 1 && v.size(0) == n); };
  return by_hand(x) && by_hand(weight) && x.scalar_type() == weight.scalar_type() && x.dim() == 2 && weight.dim() == 2 &&
         x.size(1) == weight.size(1) && vector(center, x.size(1)) && vector(bias, weight.size(0));
}

}  // namespace

at::Tensor linear(const at::Tensor &x, const at::Tensor &center, const at::Tensor &weight, const at::Tensor &bias, bool relu) {
  if (fits(x, center, weight, bias)) return Linear::apply(x, opt(center), weight, opt(bias), relu);
  at::Tensor y = at::linear(center.defined() ? x - center : x, weight, opt(bias));
  return relu ? at::relu(y) : y;
}

}  // namespace shim
