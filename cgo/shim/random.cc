#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

#include "impl.h"

namespace shim {
namespace {

at::Generator default_generator(int64_t cuda) {
  return cuda < 0 ? at::detail::getDefaultCPUGenerator() : at::globalContext().defaultGenerator(device_of(cuda));
}

}  // namespace

at::Tensor get_rng(int64_t cuda) {
  at::Generator g = default_generator(cuda);
  std::lock_guard<std::mutex> lock(g.mutex());
  return at::Tensor::wrap_tensor_impl(g.unsafeGetGeneratorImpl()->get_state());
}

void set_rng(int64_t cuda, const at::Tensor &state) {
  at::Generator g = default_generator(cuda);
  std::lock_guard<std::mutex> lock(g.mutex());
  g.unsafeGetGeneratorImpl()->set_state(*state.unsafeGetTensorImpl());
}

at::Generator new_generator(int64_t seed, int64_t device) {
  if (device < 0) return at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(seed));
  at::Generator g = default_generator(device).clone();
  g.set_current_seed(static_cast<uint64_t>(seed));
  return g;
}

void uniform_(at::Tensor a, double low, double high) {
  at::NoGradGuard no_grad;
  a.uniform_(low, high);
}

void normal_(at::Tensor a, double mean, double std) {
  at::NoGradGuard no_grad;
  a.normal_(mean, std);
}

}  // namespace shim
