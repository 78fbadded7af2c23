// Negative log likelihoods of each sample, [B], summed over its elements. The forward
// pass computes the derivative on its way, so that the backward pass is one product.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <bit>
#include <cmath>

#include "fused.h"

#pragma GCC optimize("O3")
#define VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#define INLINED __attribute__((always_inline)) static inline

namespace shim {
namespace {

// e^a for a <= 0, to 2 ulp: 2^k·e^r with |r| <= ½ ln 2 and the polynomial of Cephes's
// expf. What would be denormal is 1e-38; NaN stays NaN.
INLINED float exp_negative(float a) {
  a = a < -87.0f ? -87.0f : a;
  float k = (a * 1.44269504f + 12582912.0f) - 12582912.0f; // rounds to the nearest whole number
  float r = (a - k * 0.693359375f) + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return (p * r * r + r + 1.0f) * std::bit_cast<float>((static_cast<int32_t>(k) + 127) << 23);
}

// ln(1 + e) for 0 <= e <= 1, as 2 artanh(e / (2 + e)), whose series ends below 1e-8.
INLINED float log1p_unit(float e) {
  float t = e / (2.0f + e), q = t * t;
  float p = 1.0f / 15;
  p = p * q + 1.0f / 13;
  p = p * q + 1.0f / 11;
  p = p * q + 1.0f / 9;
  p = p * q + 1.0f / 7;
  p = p * q + 1.0f / 5;
  p = p * q + 1.0f / 3;
  return 2.0f * t * (1.0f + p * q);
}

INLINED double exp_negative(double a) { return std::exp(a); }
INLINED double log1p_unit(double e) { return std::log1p(e); }

// softplus(l) - x·l, and its derivative sigmoid(l) - x.
struct Bernoulli {
  template <class T>
  INLINED T term(T l, T x, T *d) {
    T e = exp_negative(l < 0 ? l : -l);
    *d = (l < 0 ? e : T(1)) / (T(1) + e) - x;
    return (l < 0 ? T(0) : l) - x * l + log1p_unit(e);
  }
  static at::Tensor plain(const at::Tensor &l, const at::Tensor &x) {
    return at::binary_cross_entropy_with_logits(l, x, {}, {}, at::Reduction::None).flatten(1).sum(1);
  }
};

// ½ (m - x)², and its derivative m - x.
struct Gaussian {
  template <class T>
  INLINED T term(T m, T x, T *d) {
    *d = m - x;
    return T(0.5) * *d * *d;
  }
  static at::Tensor plain(const at::Tensor &m, const at::Tensor &x) { return (x - m).square().flatten(1).sum(1) * 0.5; }
};

// One sample, in 16 sums side by side.
template <class Likelihood, class T>
INLINED T row(const T *out, const T *x, T *d, int64_t n) {
  T lanes[16] = {};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int j = 0; j < 16; j++) lanes[j] += Likelihood::template term<T>(out[i + j], x[i + j], d + i + j);
  for (; i < n; i++) lanes[0] += Likelihood::template term<T>(out[i], x[i], d + i);
  for (int j = 8; j > 0; j /= 2)
    for (int l = 0; l < j; l++) lanes[l] += lanes[l + j];
  return lanes[0];
}

VECTORISED float sample(Bernoulli, const float *out, const float *x, float *d, int64_t n) { return row<Bernoulli>(out, x, d, n); }
VECTORISED float sample(Gaussian, const float *out, const float *x, float *d, int64_t n) { return row<Gaussian>(out, x, d, n); }
double sample(Bernoulli, const double *out, const double *x, double *d, int64_t n) { return row<Bernoulli>(out, x, d, n); }
double sample(Gaussian, const double *out, const double *x, double *d, int64_t n) { return row<Gaussian>(out, x, d, n); }

template <class Likelihood, class T>
void samples(const at::Tensor &out, const at::Tensor &x, const at::Tensor &nll, const at::Tensor &d) {
  const T *o = out.const_data_ptr<T>(), *data = x.const_data_ptr<T>();
  T *sums = nll.mutable_data_ptr<T>(), *derivative = d.mutable_data_ptr<T>();
  int64_t n = out.numel() / nll.numel();
  at::parallel_for(0, nll.numel(), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) sums[b] = sample(Likelihood{}, o + b * n, data + b * n, derivative + b * n, n);
  });
}

template <class Likelihood>
struct NLL : torch::autograd::Function<NLL<Likelihood>> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &out, const at::Tensor &x) {
    at::AutoDispatchBelowAutograd plain;
    at::Tensor o = out.contiguous(), data = x.contiguous();
    at::Tensor nll = at::empty({o.size(0)}, o.options()), d = at::empty(o.sizes(), o.options());
    if (o.scalar_type() == at::kFloat)
      samples<Likelihood, float>(o, data, nll, d);
    else
      samples<Likelihood, double>(o, data, nll, d);
    ctx->save_for_backward({d});
    return nll;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list grads) {
    at::AutoDispatchBelowAutograd plain;
    at::Tensor d = ctx->get_saved_variables()[0];
    std::vector<int64_t> rows(d.dim(), 1);
    rows[0] = d.size(0);
    return {d * grads[0].reshape(rows), {}};
  }
};

template <class Likelihood>
at::Tensor nll(const at::Tensor &out, const at::Tensor &x) {
  bool hand = by_hand(out) && alike(out, x) && out.dim() > 1 && out.numel() > 0 && !x.requires_grad();
  return hand ? NLL<Likelihood>::apply(out, x) : Likelihood::plain(out, x);
}

}  // namespace

at::Tensor bernoulli_nll(const at::Tensor &logits, const at::Tensor &x) { return nll<Bernoulli>(logits, x); }

at::Tensor gaussian_nll(const at::Tensor &mean, const at::Tensor &x) { return nll<Gaussian>(mean, x); }

}  // namespace shim
