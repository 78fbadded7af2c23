
#include <cstring>

#include "fused.h"

namespace shim {

at::Device device_of(int64_t code) {
  return code < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(code));
}

int64_t device_code(const at::Device &device) { return device.is_cpu() ? -1 : device.index(); }

at::TensorOptions options(int64_t dtype, int64_t device) {
  return at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(device_of(device));
}

at::Tensor from_bytes(const Ints &shape, int64_t dtype, int64_t device, const Span &data) {
  at::Tensor host = at::empty(shape, options(dtype, -1));
  TORCH_CHECK(static_cast<int64_t>(host.nbytes()) == data.n, "size of the data is ", data.n, " bytes, the shape needs ",
              host.nbytes());
  if (data.n > 0) std::memcpy(host.mutable_data_ptr(), data.p, data.n);
  return host.to(device_of(device));
}

void copy_out(const at::Tensor &a, const Span &dst) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(static_cast<int64_t>(a.nbytes()) == dst.n, "size of the buffer is ", dst.n, " bytes, the tensor has ", a.nbytes());
  if (a.is_cpu() && a.is_contiguous()) {
    if (dst.n > 0) std::memcpy(dst.p, a.const_data_ptr(), dst.n);
    return;
  }
  at::from_blob(dst.p, a.sizes(), at::TensorOptions().dtype(a.dtype())).copy_(a);
}

void copy_in(const at::Tensor &a, const Span &src) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(static_cast<int64_t>(a.nbytes()) == src.n, "size of the data is ", src.n, " bytes, the tensor has ", a.nbytes());
  if (a.is_cpu() && a.is_contiguous()) {
    if (src.n > 0) std::memcpy(a.mutable_data_ptr(), src.p, src.n);
    return;
  }
  at::Tensor(a).copy_(at::from_blob(src.p, a.sizes(), at::TensorOptions().dtype(a.dtype())));
}

void sizes(const at::Tensor &a, const Ints &out) { std::copy(a.sizes().begin(), a.sizes().end(), out.out); }

void zero_grads(const Tensors &ts) {
  for (int64_t i = 0; i < ts.n; i++) ts[i].mutable_grad().reset();
  forget_deferred();
}

int64_t grad_mode(bool on) {
  bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(on);
  return before ? 1 : 0;
}

}  // namespace shim
