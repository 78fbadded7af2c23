// Copies to a device on a stream of their own, beside the stream that computes. Written
// against c10's device-neutral streams and events, so that both builds have it.
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>

#include "impl.h"

namespace shim {
namespace {

// The copy stream of a device: one, taken from the pool once.
c10::Stream copy_stream(const at::Device &device) {
  static std::map<c10::DeviceIndex, c10::Stream> streams;
  auto it = streams.find(device.index());
  if (it == streams.end())
    it = streams.emplace(device.index(), c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device)).first;
  return it->second;
}

// A buffer's two moments: its content has arrived; what computes is done with it. The second is at
// first the moment at which the lane is made: the memory of a fresh copy may still be in use by what
// was given to the device before.
struct Lane : th_handle {
  explicit Lane(const at::Device &d) : device(d), copies(copy_stream(d)), arrived(d.type()), used(d.type()) { used.record(computing()); }
  ~Lane() override {
    try {
      arrived.synchronize();
    } catch (const std::exception &) {  // an error of the device shows in what computes
    }
  }
  c10::Stream computing() const { return c10::impl::VirtualGuardImpl(device.type()).getStream(device); }

  at::Device device;
  c10::Stream copies;
  c10::Event arrived, used;
};

Lane &lane_of(th_handle *h) {
  auto *l = dynamic_cast<Lane *>(h);
  TORCH_CHECK(l, "the handle is no lane");
  return *l;
}

}  // namespace

at::Tensor host_empty(const Ints &shape, int64_t dtype, bool pinned) {
  return at::empty(shape, options(dtype, -1).pinned_memory(pinned));
}

int64_t address(const at::Tensor &a) {
  TORCH_CHECK(a.is_cpu() && a.is_contiguous(), "only host memory in C order has an address");
  return reinterpret_cast<int64_t>(a.mutable_data_ptr());
}

th_handle *new_lane(int64_t device) { return new Lane(device_of(device)); }

void send(th_handle *lane, const at::Tensor &dst, const at::Tensor &src) {
  Lane &l = lane_of(lane);
  at::NoGradGuard no_grad;
  c10::StreamGuard on(l.copies);
  l.used.block(l.copies);
  dst.copy_(src, /*non_blocking=*/true);
  l.arrived.record(l.copies);
}

void await_arrival(th_handle *lane) {
  Lane &l = lane_of(lane);
  l.arrived.block(l.computing());
}

void mark_used(th_handle *lane) {
  Lane &l = lane_of(lane);
  l.used.record(l.computing());
  l.arrived.synchronize();
}

}  // namespace shim
