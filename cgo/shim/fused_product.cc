// Products of matrices for the functions with a backward of their own.
//
// float32 with a small batch goes to few_rows.cc: a call of oneDNN costs about 10 µs more
// than the work, a third of a step with a batch of 16. Else it goes to oneDNN where the processor has AVX-512: its kernels use that on every
// maker's processors, MKL's only on Intel's (elsewhere they stay with AVX2 and take twice
// as long). oneDNN is reached by the op that PyTorch's compiler uses, since libtorch does
// not export its functions.
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "few_rows.h"
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

// Whether x is float32 for few_rows.h.
bool small(const at::Tensor &x) {
  return x.scalar_type() == at::kFloat && x.is_contiguous() && x.numel() > 0 && few_rows(x.size(0));
}

at::Tensor few(const at::Tensor &x, const at::Tensor &w, const at::Tensor &bias, bool relu) {
  int64_t rows = x.size(0), k = x.size(1), n = w.size(0);
  at::Tensor y = at::empty({rows, n}, x.options()), add = bias.defined() ? bias.contiguous() : bias;
  auto kernel = w.is_contiguous() ? times_transposed : times;
  kernel(x.const_data_ptr<float>(), w.const_data_ptr<float>(), add.defined() ? add.const_data_ptr<float>() : nullptr, relu,
         y.mutable_data_ptr<float>(), rows, k, n);
  return y;
}

at::Tensor many(const at::Tensor &x, const at::Tensor &w, const at::Tensor &bias) {
  if (x.scalar_type() == at::kFloat && x.numel() > 0 && w.numel() > 0 && has_onednn()) return onednn(x, w, bias);
  return bias.defined() ? at::addmm(bias, x, w.t()) : at::mm(x, w.t());
}

}  // namespace

at::Tensor product(const at::Tensor &x, const at::Tensor &w, const at::Tensor &bias, bool relu) {
  if (small(x) && w.numel() > 0 && (w.is_contiguous() || w.t().is_contiguous())) return few(x, w, bias, relu);
  at::Tensor y = many(x, w, bias);
  return relu ? y.relu_() : y;
}

// oneDNN's op wants the left operand in C order, and copies one that is not: the smaller
// of the two copies that give the same result.
at::Tensor product_over_batch(const at::Tensor &a, const at::Tensor &b) {
  int64_t batch = a.size(0), m = a.size(1), n = b.size(1);
  if (small(a) && small(b)) {
    at::Tensor y = at::empty({m, n}, a.options());
    float *out = y.mutable_data_ptr<float>();
    Outer o{a.const_data_ptr<float>(), b.const_data_ptr<float>(), batch, m, n};
    at::parallel_for(0, (m + outer_rows - 1) / outer_rows, std::max<int64_t>(1, (1 << 16) / (batch * n)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * outer_rows; i < std::min(end * outer_rows, m); i += outer_rows)
        outer(o, i, std::min(i + outer_rows, m), 0, n, out + i * n, n);
    });
    return y;
  }
  if (a.scalar_type() != at::kFloat) return at::mm(a.t(), b);
  if (batch * m <= batch * n + m * n) return many(a.t(), b.t(), {});
  return many(b.t(), a.t(), {}).t().contiguous();
}

}  // namespace shim
