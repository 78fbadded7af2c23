// The reparameterised sample of q = N(mu, e^s) and the divergence of q from N(0, I), with s
// the log variance limited to [low, high]:
//
//   z = mu + e^(s/2)·eps,  kl = Σ_K ½ (mu² + e^s - s - 1)
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "fused.h"

namespace shim {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <class T>
void forward_rows(const variable_list &in, T low, T high, const at::Tensor &z, const at::Tensor &kl) {
  const T *mu = in[0].const_data_ptr<T>(), *v = in[1].const_data_ptr<T>(), *eps = in[2].const_data_ptr<T>();
  T *out = z.mutable_data_ptr<T>(), *sums = kl.mutable_data_ptr<T>();
  for (int64_t b = 0, i = 0; b < z.size(0); b++) {
    T sum = 0;
    for (int64_t k = 0; k < z.size(1); k++, i++) {
      T s = v[i] < low ? low : v[i] > high ? high : v[i], sigma = std::exp(T(0.5) * s);
      out[i] = mu[i] + sigma * eps[i];
      sum += T(0.5) * (mu[i] * mu[i] + sigma * sigma - s - 1);
    }
    sums[b] = sum;
  }
}

// ∂mu = ∂z + ∂kl·mu,  ∂s = ½ (∂z·e^(s/2)·eps + ∂kl·(e^s - 1)), nothing outside the limits.
template <class T>
void backward_rows(const variable_list &in, T low, T high, const at::Tensor &dz, const at::Tensor &dkl, const at::Tensor &dmu,
                   const at::Tensor &ds) {
  const T *mu = in[0].const_data_ptr<T>(), *v = in[1].const_data_ptr<T>(), *eps = in[2].const_data_ptr<T>();
  const T *gz = dz.const_data_ptr<T>(), *gkl = dkl.const_data_ptr<T>();
  T *to_mu = dmu.mutable_data_ptr<T>(), *to_s = ds.mutable_data_ptr<T>();
  for (int64_t b = 0, i = 0; b < dmu.size(0); b++)
    for (int64_t k = 0; k < dmu.size(1); k++, i++) {
      to_mu[i] = gz[i] + gkl[b] * mu[i];
      T sigma = std::exp(T(0.5) * v[i]);
      to_s[i] = v[i] < low || v[i] > high ? T(0) : T(0.5) * (gz[i] * sigma * eps[i] + gkl[b] * (sigma * sigma - 1));
    }
}

struct Posterior : torch::autograd::Function<Posterior> {
  static variable_list forward(AutogradContext *ctx, const at::Tensor &mu, const at::Tensor &logvar, const at::Tensor &eps, double low,
                               double high) {
    at::AutoDispatchBelowAutograd plain;
    variable_list in{mu.contiguous(), logvar.contiguous(), eps.contiguous()};
    at::Tensor z = at::empty(mu.sizes(), mu.options()), kl = at::empty({mu.size(0)}, mu.options());
    if (mu.scalar_type() == at::kFloat)
      forward_rows<float>(in, low, high, z, kl);
    else
      forward_rows<double>(in, low, high, z, kl);
    ctx->save_for_backward(in);
    ctx->saved_data["low"] = low;
    ctx->saved_data["high"] = high;
    return {z, kl};
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    at::AutoDispatchBelowAutograd plain;
    variable_list in = ctx->get_saved_variables();
    double low = ctx->saved_data["low"].toDouble(), high = ctx->saved_data["high"].toDouble();
    at::Tensor dmu = at::empty(in[0].sizes(), in[0].options()), ds = at::empty(in[0].sizes(), in[0].options());
    at::Tensor dz = grads[0].contiguous(), dkl = grads[1].contiguous();
    if (in[0].scalar_type() == at::kFloat)
      backward_rows<float>(in, low, high, dz, dkl, dmu, ds);
    else
      backward_rows<double>(in, low, high, dz, dkl, dmu, ds);
    return {dmu, ds, {}, {}, {}};
  }
};

}  // namespace

std::pair<at::Tensor, at::Tensor> normal_posterior(const at::Tensor &mu, const at::Tensor &logvar, const at::Tensor &eps, double low,
                                                   double high) {
  if (by_hand(mu) && alike(mu, logvar) && alike(mu, eps) && mu.dim() == 2 && !eps.requires_grad()) {
    variable_list out = Posterior::apply(mu, logvar, eps, low, high);
    return {out[0], out[1]};
  }
  at::Tensor s = logvar.clamp(low, high);
  return {mu + (s * 0.5).exp() * eps, (mu.square() + s.exp() - s - 1).sum(1) * 0.5};
}

}  // namespace shim
