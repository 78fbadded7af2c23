// A GPU as a thread uses it.
#include <ATen/Context.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <map>

#include "../impl.h"

namespace shim {

// Not the default stream: on that nothing can be recorded. It is the same one for every thread.
void use_device(int64_t device) {
  static std::map<c10::DeviceIndex, c10::cuda::CUDAStream> streams;
  TORCH_CHECK(device >= 0, "the CPU is no CUDA device");
  at::globalContext().lazyInitDevice(at::kCUDA);
  const auto index = static_cast<c10::DeviceIndex>(device);
  c10::cuda::set_device(index);
  auto place = streams.find(index);
  if (place == streams.end()) {
    place = streams.emplace(index, c10::cuda::getStreamFromPool(false, index)).first;
    c10::cuda::device_synchronize();
  }
  c10::cuda::setCurrentCUDAStream(place->second);
}

}  // namespace shim
