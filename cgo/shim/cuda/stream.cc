// A GPU as a thread uses it: its stream and its clock.
#include <ATen/Context.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>

#include <map>

#include "../impl.h"

namespace shim {
namespace {

struct Event : th_handle {
  cudaEvent_t event = nullptr;
  c10::DeviceIndex device = c10::cuda::current_device();

  Event() { C10_CUDA_CHECK(cudaEventCreate(&event)); }
  ~Event() override {
    c10::cuda::CUDAGuard guard(device);
    C10_CUDA_CHECK_WARN(cudaEventDestroy(event));
  }
};

Event &event_of(th_handle *h) {
  auto *e = dynamic_cast<Event *>(h);
  TORCH_CHECK(e, "the handle is no event");
  return *e;
}

c10::DeviceIndex index_of(int64_t device) {
  TORCH_CHECK(device >= 0, "the CPU is no CUDA device");
  at::globalContext().lazyInitDevice(at::kCUDA);
  return static_cast<c10::DeviceIndex>(device);
}

}  // namespace

// Not the default stream: on that nothing can be recorded. It is the same one for every thread.
void use_device(int64_t device) {
  static std::map<c10::DeviceIndex, c10::cuda::CUDAStream> streams;
  c10::DeviceIndex index = index_of(device);
  c10::cuda::set_device(index);
  auto [place, fresh] = streams.try_emplace(index, c10::cuda::getStreamFromPool(false, index));
  if (fresh) c10::cuda::device_synchronize();
  c10::cuda::setCurrentCUDAStream(place->second);
}

void synchronize(int64_t device) {
  c10::cuda::CUDAGuard guard(index_of(device));
  c10::cuda::device_synchronize();
}

th_handle *record_event() {
  auto e = std::make_unique<Event>();
  C10_CUDA_CHECK(cudaEventRecord(e->event, c10::cuda::getCurrentCUDAStream(e->device)));
  return e.release();
}

double elapsed(th_handle *from, th_handle *to) {
  float ms = 0;
  C10_CUDA_CHECK(cudaEventSynchronize(event_of(to).event));
  C10_CUDA_CHECK(cudaEventElapsedTime(&ms, event_of(from).event, event_of(to).event));
  return ms;
}

}  // namespace shim
