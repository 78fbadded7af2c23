// Products of matrices for the functions with a backward of their own.
//
// float32 goes to oneDNN where the processor has AVX-512: its kernels use that on every
// maker's processors, MKL's only on Intel's (elsewhere they stay with AVX2 and take twice
// as long). oneDNN is reached by the op that PyTorch's compiler uses, since libtorch does
// not export its functions.
#include <ATen/core/dispatch/Dispatcher.h>

#include "fused.h"

namespace shim {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using Pointwise = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &, std::string_view, Scalars,
                             std::optional<std::string_view>);

bool has_onednn() {
  static const bool has = at::get_cpu_capability() == "AVX512" && at::globalContext().hasMKLDNN() &&
                          c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""}).has_value();
  return has && at::globalContext().userEnabledMkldnn();
}

at::Tensor onednn(const at::Tensor &x, const at::Tensor &w, const at::Tensor &bias) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "").typed<Pointwise>();
  static const Scalars none;
  return op.call(x, w, opt(bias), "none", none, "");
}

}  // namespace

at::Tensor product(const at::Tensor &x, const at::Tensor &w, const at::Tensor &bias) {
  if (x.scalar_type() == at::kFloat && x.numel() > 0 && w.numel() > 0 && has_onednn()) return onednn(x, w, bias);
  return bias.defined() ? at::addmm(bias, x, w.t()) : at::mm(x, w.t());
}

// oneDNN's op wants the left operand in C order, and copies one that is not: the smaller
// of the two copies that give the same result.
at::Tensor product_over_batch(const at::Tensor &a, const at::Tensor &b) {
  int64_t batch = a.size(0), m = a.size(1), n = b.size(1);
  if (a.scalar_type() != at::kFloat) return at::mm(a.t(), b);
  if (batch * m <= batch * n + m * n) return product(a.t(), b.t(), {});
  return product(b.t(), a.t(), {}).t().contiguous();
}

}  // namespace shim
