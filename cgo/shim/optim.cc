// One call a step on ATen's fused kernels. foundInf is a float32 scalar on the
// parameters' device: 1 makes the update a no-op there, without the host knowing. lr
// is a scalar tensor there, which a recorded step reads anew each time: float64 on the
// CPU, float32 on a GPU, as the kernels want it.
#include "impl.h"

namespace shim {
namespace {

// The parameters that have a gradient, with what belongs to each.
struct Live {
  std::vector<at::Tensor> params, grads, first, second;
};

Live live(const Tensors &params, const Tensors &first, const Tensors &second) {
  Live l;
  for (int64_t i = 0; i < params.n; i++) {
    const at::Tensor &grad = params[i].grad();
    if (!grad.defined()) continue;
    l.params.push_back(params[i]);
    l.grads.push_back(grad);
    if (i < first.n) l.first.push_back(first[i]);
    if (i < second.n) l.second.push_back(second[i]);
  }
  return l;
}

}  // namespace

void sgd_step(const Tensors &params, const Tensors &momenta, const at::Tensor &lr, double momentum, double dampening, double decay,
              bool nesterov, bool first, const at::Tensor &found_inf) {
  at::NoGradGuard no_grad;
  Live l = live(params, momenta, Tensors{nullptr, 0});
  if (l.params.empty()) return;
  at::_fused_sgd_(l.params, l.grads, l.first, decay, momentum, lr, dampening, nesterov, false, first, {}, found_inf);
}

// The arithmetic of torch.nn.utils.clip_grad_norm_, without its read-back.
at::Tensor clip_grad_norm(const Tensors &params, double max_norm) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> grads = live(params, Tensors{nullptr, 0}, Tensors{nullptr, 0}).grads;
  if (grads.empty()) return at::zeros({}, params.n > 0 ? params[0].options() : at::TensorOptions());
  at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(grads, 2)), 2);
  at::_foreach_mul_(grads, (max_norm / (norm + 1e-6)).clamp_max(1.0));
  return norm;
}

}  // namespace shim
