// Mixed precision: autocast as a guard, and the arithmetic of torch.amp.GradScaler.
#include <ATen/autocast_mode.h>

#include "impl.h"

namespace shim {
namespace {

// What `with torch.autocast(...)` does on entering and leaving. The casts of weights that it keeps
// are dropped at the end, so that a recorded step makes its own.
class Autocast : public th_handle {
 public:
  Autocast(at::DeviceType device, at::ScalarType dtype)
      : device_(device),
        enabled_(at::autocast::is_autocast_enabled(device)),
        dtype_(at::autocast::get_autocast_dtype(device)) {
    at::autocast::set_autocast_dtype(device, dtype);
    at::autocast::set_autocast_enabled(device, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() override {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, dtype_);
  }

 private:
  at::DeviceType device_;
  bool enabled_;
  at::ScalarType dtype_;
};

}  // namespace

th_handle *autocast(int64_t device, int64_t dtype) {
  return new Autocast(device_of(device).type(), static_cast<at::ScalarType>(dtype));
}

void unscale_grads(const Tensors &params, const at::Tensor &scale, at::Tensor found_inf) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> grads;
  for (int64_t i = 0; i < params.n; i++)
    if (params[i].grad().defined()) grads.push_back(params[i].grad());
  if (!grads.empty()) at::_amp_foreach_non_finite_check_and_unscale_(grads, found_inf, scale.to(at::kDouble).reciprocal().to(at::kFloat));
}

}  // namespace shim
