// ln p(z) of mixtures of C normals with diagonal covariance, at M points of K dimensions:
//
//   joint_i   = ln Σ_j e^w_ij Π_k N(z_ik; mu_jk, e^s_jk)
//   product_i = Σ_k ln Σ_j e^w_ij N(z_ik; mu_jk, e^s_jk)
//
// The terms are [M, C, K]. They are computed in blocks of rows, and again in the backward
// pass, so that no more than a block of them is ever there.
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <numbers>

#include "impl.h"

namespace shim {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kBlock = int64_t{1} << 22;  // terms of a block

struct Mixture : torch::autograd::Function<Mixture> {
  // Block is what some rows have in common in both passes.
  struct Block {
    at::Tensor scaled, square, terms;  // (z - mu) e^-s, (z - mu)² e^-s and ln N, [m, C, K]
    Block(const at::Tensor &z, const at::Tensor &mu, const at::Tensor &s) {
      at::Tensor d = z.unsqueeze(1) - mu;
      scaled = d * s.neg().exp();
      square = d.mul_(scaled);
      terms = (square + s).add_(std::log(2 * std::numbers::pi)).mul_(-0.5);
    }
  };

  template <class F>
  static void blocks(const at::Tensor &z, const at::Tensor &mu, F &&each) {
    int64_t rows = std::max<int64_t>(1, kBlock / std::max<int64_t>(1, mu.numel()));
    for (int64_t from = 0; from < z.size(0); from += rows) each(from, std::min(rows, z.size(0) - from));
  }

  static variable_list forward(AutogradContext *ctx, const at::Tensor &z, const at::Tensor &mu, const at::Tensor &s, const at::Tensor &w) {
    at::AutoDispatchBelowAutograd plain;
    at::Tensor joint = at::empty({z.size(0)}, z.options()), product = at::empty({z.size(0)}, z.options());
    blocks(z, mu, [&](int64_t from, int64_t n) {
      Block b(z.narrow(0, from, n), mu, s);
      at::Tensor weight = w.narrow(0, from, n);
      joint.narrow(0, from, n).copy_((b.terms.sum(2) + weight).logsumexp(1));
      product.narrow(0, from, n).copy_((b.terms + weight.unsqueeze(2)).logsumexp(1).sum(1));
    });
    ctx->save_for_backward({z, mu, s, w});
    return {joint, product};
  }

  // The share of component j in the joint and in each dimension's sum is a softmax over j.
  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    at::AutoDispatchBelowAutograd plain;
    variable_list in = ctx->get_saved_variables();
    at::Tensor z = in[0], mu = in[1], s = in[2], w = in[3];
    at::Tensor dz = at::empty_like(z), dmu = at::zeros_like(mu), ds = at::zeros_like(s);
    blocks(z, mu, [&](int64_t from, int64_t n) {
      Block b(z.narrow(0, from, n), mu, s);
      at::Tensor weight = w.narrow(0, from, n);
      at::Tensor g = (b.terms + weight.unsqueeze(2)).softmax(1).mul_(grads[1].narrow(0, from, n).reshape({n, 1, 1}));
      g.add_(((b.terms.sum(2) + weight).softmax(1) * grads[0].narrow(0, from, n).unsqueeze(1)).unsqueeze(2));
      at::Tensor slope = b.scaled.mul_(g);
      dz.narrow(0, from, n).copy_(slope.sum(1).neg_());
      dmu.add_(slope.sum(0));
      ds.add_(b.square.sub_(1).mul_(g).sum(0), 0.5);
    });
    return {dz, dmu, ds, {}};
  }
};

}  // namespace

std::pair<at::Tensor, at::Tensor> normal_mixture(const at::Tensor &z, const at::Tensor &mu, const at::Tensor &logvar, const at::Tensor &logw) {
  variable_list out = Mixture::apply(z, mu, logvar, logw);
  return {out[0], out[1]};
}

}  // namespace shim
