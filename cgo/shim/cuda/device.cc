// What CUDA says of itself and of the devices that are visible.
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>

#include <cstring>

#include "../impl.h"

namespace shim {

int64_t cuda_devices() { return c10::cuda::device_count(); }

int64_t cuda_version() { return CUDART_VERSION; }

int64_t cuda_device(int64_t index, const Ints &numbers, const Span &name) {
  TORCH_CHECK(numbers.size() == 4, "four numbers are answered, not ", numbers.size());
  cudaDeviceProp p;
  C10_CUDA_CHECK(cudaGetDeviceProperties(&p, static_cast<int>(index)));
  const int64_t values[] = {p.major, p.minor, static_cast<int64_t>(p.totalGlobalMem), p.multiProcessorCount};
  std::copy(std::begin(values), std::end(values), numbers.out);
  int64_t n = std::min<int64_t>(name.n, static_cast<int64_t>(strnlen(p.name, sizeof p.name)));
  std::memcpy(name.p, p.name, n);
  return n;
}

}  // namespace shim
