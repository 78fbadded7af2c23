// The identity, whose gradient is multiplied on its way back by a factor that need not be
// known before: what the tensor of the factor holds when the gradient comes.
#include <torch/csrc/autograd/custom_function.h>

#include "impl.h"

namespace shim {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct ScaleGrad : torch::autograd::Function<ScaleGrad> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &a, const at::Tensor &factor) {
    at::AutoDispatchBelowAutograd plain;
    ctx->saved_data["factor"] = factor.detach();  // not save_for_backward: it may be written until then
    return a.clone();
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    at::AutoDispatchBelowAutograd plain;
    return {grads[0] * ctx->saved_data["factor"].toTensor(), {}};
  }
};

}  // namespace

at::Tensor scale_grad(const at::Tensor &a, const at::Tensor &factor) { return ScaleGrad::apply(a, factor); }

}  // namespace shim
