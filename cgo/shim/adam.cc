// Adam and AdamW. On the CPU one pass over the memory of all parameters together (ATen's
// fused kernel takes three times as long with AVX-512); elsewhere ATen's kernels, with foundInf a float32 scalar on the parameters' device: 1 makes the
// update a no-op there, without the host knowing. lr is a scalar tensor there, which a
// recorded step reads anew each time: float64 on the CPU, float32 on a GPU.
#include <ATen/Parallel.h>

#include <cmath>

#include "few_rows.h"
#include "fused.h"

#pragma GCC optimize("O3", "fp-contract=off")  // the last numbers of a range, in a loop of their own, are computed as the others are
#define VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))

namespace shim {
namespace {

struct Rule {
  double lr, beta1, beta2, eps, decay, correction1, correction2;
  bool decoupled;
};

template <class T>
__attribute__((always_inline)) inline void update(T *__restrict p, T *__restrict m, T *__restrict v, const T *__restrict g, int64_t n, const Rule &r) {
  T shrink = r.decoupled ? T(1 - r.lr * r.decay) : T(1), l2 = r.decoupled ? T(0) : T(r.decay);
  T rest1 = T(1 - r.beta1), beta2 = T(r.beta2), rest2 = T(1 - r.beta2);
  T size = T(r.lr / r.correction1), scale = T(1 / std::sqrt(r.correction2)), eps = T(r.eps);
  for (int64_t i = 0; i < n; i++) {
    T w = p[i] * shrink, d = g[i] + l2 * w;
    m[i] = m[i] + rest1 * (d - m[i]);
    v[i] = beta2 * v[i] + rest2 * d * d;
    T root = sizeof(T) == 4 ? T(__builtin_sqrtf(float(v[i]))) : T(__builtin_sqrt(double(v[i])));
    p[i] = w - size * m[i] / (root * scale + eps);
  }
}

VECTORISED void updated(float *p, float *m, float *v, const float *g, int64_t n, const Rule &r) { update(p, m, v, g, n, r); }
VECTORISED void updated(double *p, double *m, double *v, const double *g, int64_t n, const Rule &r) { update(p, m, v, g, n, r); }

// A parameter with what belongs to it. Its gradient is grad, where that is defined, and
// the products of the factors.
struct Param {
  at::Tensor p, m, v, grad;
  std::vector<Factors> factors;

  int64_t pieces() const { return factors.empty() ? (p.numel() + elements - 1) / elements : (p.size(0) + outer_rows - 1) / outer_rows; }
  void piece(int64_t i, const Rule &r) const {
    if (!factors.empty()) return rows(i * outer_rows, std::min((i + 1) * outer_rows, p.size(0)), r);
    int64_t begin = i * elements, n = std::min(elements, p.numel() - begin);
    if (p.scalar_type() == at::kFloat)
      range<float>(begin, n, grad.const_data_ptr<float>() + begin, r);
    else
      range<double>(begin, n, grad.const_data_ptr<double>() + begin, r);
  }

 private:
  static constexpr int64_t elements = 8192, width = 2048;  // long stretches of memory, which the processor reads ahead

  template <class T>
  void range(int64_t begin, int64_t n, const T *g, const Rule &r) const {
    updated(p.mutable_data_ptr<T>() + begin, m.mutable_data_ptr<T>() + begin, v.mutable_data_ptr<T>() + begin, g, n, r);
  }

  // A few rows of the gradient are made in the processor's own cache and used there.
  void rows(int64_t begin, int64_t end, const Rule &r) const {
    alignas(64) float sum[outer_rows * width], next[outer_rows * width];
    int64_t columns = p.size(1);
    for (int64_t from = 0; from < columns; from += width) {
      int64_t until = std::min(from + width, columns);
      for (size_t f = 0; f < factors.size(); f++) {
        const at::Tensor &g = factors[f].g, &x = factors[f].x;
        Outer o{g.const_data_ptr<float>(), x.const_data_ptr<float>(), g.size(0), g.size(1), x.size(1)};
        outer(o, begin, end, from, until, f == 0 ? sum : next, width);
        for (int64_t i = 0; f > 0 && i < outer_rows * width; i++) sum[i] += next[i];
      }
      for (int64_t i = begin; i < end; i++) {
        float *row = sum + (i - begin) * width;
        if (grad.defined())
          for (int64_t j = from; j < until; j++) row[j - from] += grad.const_data_ptr<float>()[i * columns + j];
        range<float>(i * columns + from, until - from, row, r);
      }
    }
  }
};

// Whether all parts of a parameter lie in memory in the same order, without gaps.
bool parallel(const Param &a) {
  auto same = [&](const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == a.p.scalar_type() && t.sizes() == a.p.sizes() && t.strides() == a.p.strides(); };
  bool number = a.p.scalar_type() == at::kFloat || a.p.scalar_type() == at::kDouble;
  return number && a.p.is_cpu() && a.p.is_non_overlapping_and_dense() && same(a.m) && same(a.v) && (!a.grad.defined() || same(a.grad));
}

void update_all(const std::vector<Param> &params, const Rule &r) {
  std::vector<std::pair<const Param *, int64_t>> pieces;
  int64_t total = 0;
  for (const Param &p : params) {
    for (int64_t i = 0, n = p.pieces(); i < n; i++) pieces.emplace_back(&p, i);
    total += p.p.numel();
  }
  int64_t count = static_cast<int64_t>(pieces.size()), grain = total < 65536 ? count : 1;
  for (const Param &p : params) p.p.unsafeGetTensorImpl()->bump_version();
  at::parallel_for(0, count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) pieces[i].first->piece(pieces[i].second, r);
  });
}

// The gradient of a parameter in one tensor.
at::Tensor multiplied(const Param &a) {
  at::Tensor sum = a.grad;
  for (const Factors &f : a.factors) {
    at::Tensor product = product_over_batch(f.g, f.x);
    sum = sum.defined() ? sum + product : product;
  }
  return sum;
}

struct Lists {
  std::vector<at::Tensor> params, grads, m, v;
};

}  // namespace

void adam_step(bool decoupled, const Tensors &params, const Tensors &m, const Tensors &v, at::Tensor step, const at::Tensor &lr,
               double beta1, double beta2, double eps, double decay, const at::Tensor &found_inf) {
  at::NoGradGuard no_grad;
  std::vector<Param> own;
  Lists others;
  for (int64_t i = 0; i < params.n; i++) {
    Param a{params[i], m[i], v[i], params[i].grad(), take_deferred(params[i])};
    if (!a.grad.defined() && a.factors.empty()) continue;
    if (parallel(a)) {
      own.push_back(std::move(a));
      continue;
    }
    others.params.push_back(a.p);
    others.grads.push_back(multiplied(a));
    others.m.push_back(a.m);
    others.v.push_back(a.v);
  }
  forget_deferred();
  if (own.empty() && others.params.empty()) return;
  step.add_(1);
  if (!own.empty() && found_inf.item<double>() == 0) {
    double t = step.item<double>();
    update_all(own, {lr.item<double>(), beta1, beta2, eps, decay, 1 - std::pow(beta1, t), 1 - std::pow(beta2, t), decoupled});
  }
  if (!others.params.empty()) {
    std::vector<at::Tensor> steps(others.params.size(), step);
    if (decoupled)
      at::_fused_adamw_(others.params, others.grads, others.m, others.v, {}, steps, lr, beta1, beta2, decay, eps, false, false, {}, found_inf);
    else
      at::_fused_adam_(others.params, others.grads, others.m, others.v, {}, steps, lr, beta1, beta2, decay, eps, false, false, {}, found_inf);
  }
  step.sub_(found_inf);
}

}  // namespace shim
