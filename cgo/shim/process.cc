#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <cstring>

#include "impl.h"

namespace shim {

void set_threads(int64_t n) {
  at::set_num_threads(static_cast<int>(n));
  static bool once = (at::set_num_interop_threads(1), true);
  (void)once;
}

int64_t threads() { return at::get_num_threads(); }

void deterministic(bool on) {
  at::globalContext().setDeterministicAlgorithms(on, false);
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::globalContext().setDeterministicCuDNN(on);
  at::globalContext().setBenchmarkCuDNN(!on);
}

void tf32(bool on) {
  at::globalContext().setFloat32MatmulPrecision(on ? "high" : "highest");
  at::globalContext().setAllowTF32CuDNN(on);
}

int64_t version() { return TORCH_VERSION_MAJOR * 10000 + TORCH_VERSION_MINOR * 100 + TORCH_VERSION_PATCH; }

int64_t describe(const Span &out) {
  std::string text = "cpu_capability=" + at::get_cpu_capability() + "\n" + at::get_parallel_info();
  int64_t n = std::min<int64_t>(out.n, static_cast<int64_t>(text.size()));
  std::memcpy(out.p, text.data(), n);
  return n;
}

}  // namespace shim
