// The sparse ops as functions of autograd: what a row's codes and reconstruction are is in
// sparse.h. No step makes a dense [B, m] gradient.
#include "sparse.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "fused.h"
#include "impl.h"

namespace shim {
namespace sparse {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// What the ops run on: plain ATen, the device's own kernels, or, on the CPU, the text of
// the CUDA kernels.
enum Choice : int64_t { plain = 0, own = 1, text = 2 };
Choice choice = own;

const Kernels &kernels(const at::Tensor &t) {
  const auto type = t.scalar_type();
  if (choice == text && t.is_cpu() && type == at::kFloat) return host;
  if (choice == own && t.is_cpu() && (type == at::kFloat || type == at::kDouble)) return cpu;
  if (choice != plain && t.is_cuda() && type == at::kFloat && cuda()) return *cuda();
  return reference;
}

// encode fills values and latents. On the CPU the scores are made for some rows at a time:
// memory for them is a part of the batch's, and they are still in the cache. On a GPU,
// autocast has a say in the product alone.
void encode(const at::Tensor &centred, const at::Tensor &w, const at::Tensor &bias, int64_t k, const at::Tensor &keep,
            const at::Tensor &values, const at::Tensor &latents) {
  const Kernels &with = kernels(centred);
  if (&with != &cpu) return with.top(at::addmm(bias, centred, w).to(centred.scalar_type()), k, keep, values, latents);
  const int64_t batch = centred.size(0), m = w.size(1);
  const int64_t most = std::max<int64_t>(64, (int64_t{1} << 22) / m);
  const int64_t blocks = (batch + most - 1) / most, step = blocks > 0 ? (batch + blocks - 1) / blocks : 0;
  for (int64_t at = 0; at < batch; at += step) {
    const int64_t count = std::min(step, batch - at);
    with.top(product(centred.narrow(0, at, count), w.t(), bias), k, keep, values.narrow(0, at, count), latents.narrow(0, at, count));
  }
}

struct Encode : Function<Encode> {
  static variable_list forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &b_dec, const at::Tensor &w_enc,
                               const at::Tensor &b_enc, int64_t k, const std::optional<at::Tensor> &keep, int64_t k_aux) {
    const int64_t m = w_enc.size(1), all = k + k_aux;
    TORCH_CHECK(x.dim() == 2 && k >= 1 && k <= m && k_aux >= 0 && k_aux <= m, "top-k: k is ", k, " and ", k_aux, ", there are ", m,
                " latents");
    at::Tensor centred = (x - b_dec).contiguous(), w = w_enc.contiguous();
    at::Tensor values = at::empty({x.size(0), all}, centred.options());
    at::Tensor latents = at::empty({x.size(0), all}, centred.options().dtype(at::kLong));
    encode(centred, w, b_enc, k, keep.value_or(at::Tensor()), values, latents);
    ctx->save_for_backward({centred, w_enc, values, latents});
    ctx->saved_data["k"] = k;
    ctx->mark_non_differentiable({latents});
    return {values, latents};
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &centred = saved[0], &w = saved[1], &values = saved[2], &latents = saved[3];
    const Kernels &with = kernels(values);
    at::Tensor dh = grads[0].masked_fill(values.le(0), 0).contiguous();
    const Mapping map = with.map(values, latents, w.size(1), ctx->saved_data["k"].toInt());
    variable_list out(7);
    const bool bias = ctx->needs_input_grad(1) || ctx->needs_input_grad(3);
    if (bias) out[3] = with.totals(dh, map);
    if (ctx->needs_input_grad(0)) out[0] = with.decode(dh, latents, w.t().contiguous(), {});
    if (ctx->needs_input_grad(1)) out[1] = at::mv(w, out[3]).neg();
    if (ctx->needs_input_grad(2)) out[2] = with.gather(dh, map, centred, true);
    return out;
  }
};

struct Decode : Function<Decode> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &values, const at::Tensor &latents, const at::Tensor &w_dec,
                            const std::optional<at::Tensor> &b_dec) {
    at::Tensor v = values.contiguous(), l = latents.contiguous(), w = w_dec.contiguous();
    ctx->save_for_backward({v, l, w_dec});
    ctx->saved_data["biased"] = b_dec.has_value();
    return kernels(v).decode(v, l, w, b_dec ? b_dec->contiguous() : at::Tensor());
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &values = saved[0], &latents = saved[1], w = saved[2].contiguous(), g = grads[0].contiguous();
    const Kernels &with = kernels(values);
    variable_list out(4);
    if (ctx->needs_input_grad(0)) out[0] = with.dots(g, latents, w);
    if (ctx->needs_input_grad(2)) out[2] = with.gather(values, with.map(values, latents, w.size(0), values.size(1)), g, false);
    if (ctx->saved_data["biased"].toBool() && ctx->needs_input_grad(3)) out[3] = g.sum(0);
    return out;
  }
};

}  // namespace
}  // namespace sparse

std::tuple<at::Tensor, at::Tensor> sparse_encode(const at::Tensor &x, const at::Tensor &b_dec, const at::Tensor &w_enc,
                                                 const at::Tensor &b_enc, int64_t k, const at::Tensor &keep, int64_t k_aux) {
  auto out = sparse::Encode::apply(x, b_dec, w_enc, b_enc, k, opt(keep), keep.defined() ? k_aux : 0);
  return {out[0], out[1]};
}

at::Tensor sparse_decode(const at::Tensor &values, const at::Tensor &latents, const at::Tensor &w_dec, const at::Tensor &b_dec) {
  return sparse::Decode::apply(values, latents, w_dec, opt(b_dec));
}

// A latent that no value reaches grows by the number of rows; the others become 0. The
// zeros are written in any order, so nothing depends on it.
void count_silent_(at::Tensor silent, const at::Tensor &values, const at::Tensor &latents) {
  at::NoGradGuard no_grad;
  at::Tensor fired = at::zeros(silent.sizes(), silent.options());
  fired.scatter_reduce_(0, latents.flatten(), values.gt(0).to(silent.scalar_type()).flatten(), "amax");
  silent.add_(values.size(0)).masked_fill_(fired.gt(0), 0);
}

void project_rows_(at::Tensor g, const at::Tensor &w) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(g.sizes() == w.sizes() && w.dim() == 2, "rows of ", g.sizes(), " along rows of ", w.sizes());
  const bool fits = g.is_contiguous() && w.is_contiguous() && g.scalar_type() == w.scalar_type();
  (fits ? sparse::kernels(w) : sparse::reference).project(g, w);
}

void unit_rows_(at::Tensor w, double eps) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(w.dim() == 2, "rows of a tensor of shape ", w.sizes());
  (w.is_contiguous() ? sparse::kernels(w) : sparse::reference).unit(w, eps);
}

int64_t sparse_kernels(int64_t which) {
  const int64_t before = sparse::choice;
  sparse::choice = static_cast<sparse::Choice>(which);
  return before;
}

}  // namespace shim
