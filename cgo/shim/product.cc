// The dense product of the encoder, by the faster of libtorch's two libraries.
#include <ATen/core/dispatch/Dispatcher.h>

#include "impl.h"

namespace shim {
namespace {

// MKL serves AMD's processors with AVX2 kernels only; oneDNN has AVX-512 for them, which
// took half the time on a Zen 5. The choice depends on the machine, never on a clock.
bool prefers_onednn() {
#if defined(__x86_64__)
  static const bool yes = __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f") && at::globalContext().userEnabledMkldnn();
  return yes;
#else
  return false;
#endif
}

using Linear = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &, std::string_view,
                          c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

}  // namespace

at::Tensor product(const at::Tensor &bias, const at::Tensor &a, const at::Tensor &b) {
  constexpr int64_t small = 1 << 24;  // multiplications below which preparing costs more than it saves
  if (!a.is_cpu() || a.scalar_type() != at::kFloat || a.numel() * b.size(1) < small || !prefers_onednn()) return at::addmm(bias, a, b);
  static const auto linear = c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "").typed<Linear>();
  return linear.call(a, b.t(), bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

}  // namespace shim
