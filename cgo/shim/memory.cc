// How much memory tensors take, and a limit of it for the host.
#include <ATen/DeviceAccelerator.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <malloc.h>

#include <atomic>

#include "impl.h"

namespace shim {
namespace {

// Hands out host memory as libtorch's own allocator does, and counts it.
class Meter final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t n) override {
    if (int64_t most = limit; most > 0 && live + static_cast<int64_t>(n) > most)
      C10_THROW_ERROR(OutOfMemoryError, "out of memory: you tried to allocate " + std::to_string(n) + " bytes");
    void *p = c10::alloc_cpu(n);
    int64_t now = live += size(p);
    for (int64_t top = peak; now > top && !peak.compare_exchange_weak(top, now);) {
    }
    return {p, p, &release, at::Device(at::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void *dst, const void *src, size_t n) const override { default_copy_data(dst, src, n); }

  static std::atomic<int64_t> live, peak, limit;

 private:
  static int64_t size(void *p) { return static_cast<int64_t>(malloc_usable_size(p)); }
  static void release(void *p) {
    live -= size(p);
    c10::free_cpu(p);
  }
};

std::atomic<int64_t> Meter::live{0}, Meter::peak{0}, Meter::limit{0};

// From here on host tensors are counted; those made before free themselves as before.
void count_host() {
  static Meter meter;
  static bool once = (c10::SetCPUAllocator(&meter, 1), true);
  (void)once;
}

}  // namespace

void limit_host(int64_t bytes) {
  count_host();
  Meter::limit = bytes;
}

void memory_of(int64_t device, const Ints &out) {
  if (device < 0) {
    count_host();
    out.out[2] = Meter::live;
    out.out[3] = Meter::peak;
    return;
  }
  auto index = static_cast<c10::DeviceIndex>(device);
  auto [free, total] = at::accelerator::getMemoryInfo(index);
  auto bytes = at::accelerator::getDeviceStats(index).allocated_bytes[0];
  out.out[0] = static_cast<int64_t>(free);
  out.out[1] = static_cast<int64_t>(total);
  out.out[2] = bytes.current;
  out.out[3] = bytes.peak;
}

void begin_peak(int64_t device) {
  if (device < 0) {
    count_host();
    Meter::peak = Meter::live.load();
    return;
  }
  at::accelerator::emptyCache();
  at::accelerator::resetPeakStats(static_cast<c10::DeviceIndex>(device));
}

}  // namespace shim
