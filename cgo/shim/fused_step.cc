// The bookkeeping of a training step in one pass on the CPU, and in ops where a device
// needs them.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "fused.h"

namespace shim {
namespace {

bool on_host(const at::Tensor &t) { return t.is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble); }

double number_of(const at::Tensor &t) {
  return t.scalar_type() == at::kFloat ? static_cast<double>(*t.const_data_ptr<float>()) : *t.const_data_ptr<double>();
}

__attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3"))) void count_positive(const float *from, int32_t *to,
                                                                                                 int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] += from[i] > 0;
}

template <class T>
double sum(const at::Tensor &a) {
  double total = 0;
  for (const T *p = a.const_data_ptr<T>(), *end = p + a.numel(); p < end; p++) total += *p;
  return total;
}

// The mean of a few numbers, such as the losses of a batch's samples.
struct Mean : torch::autograd::Function<Mean> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &a) {
    at::AutoDispatchBelowAutograd plain;
    ctx->saved_data["sizes"] = a.sizes();
    double total = a.scalar_type() == at::kFloat ? sum<float>(a) : sum<double>(a);
    return at::scalar_tensor(total / static_cast<double>(a.numel()), a.options());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list grads) {
    at::AutoDispatchBelowAutograd plain;
    std::vector<int64_t> sizes = ctx->saved_data["sizes"].toIntVector();
    double n = static_cast<double>(c10::multiply_integers(sizes));
    return {at::full(sizes, number_of(grads[0]) / n, grads[0].options())};
  }
};

}  // namespace

at::Tensor mean_of(const at::Tensor &a) {
  bool few = a.numel() > 0 && a.numel() <= 4096;
  return few && by_hand(a) && a.is_contiguous() ? Mean::apply(a) : a.mean();
}

at::Tensor non_finite(const at::Tensor &a) {
  if (on_host(a) && a.numel() == 1) return at::scalar_tensor(std::isfinite(number_of(a)) ? 0 : 1, at::kFloat);
  return a.isfinite().all().logical_not().to(at::kFloat);
}

at::Tensor positive_counts(const at::Tensor &a) {
  if (!on_host(a) || a.scalar_type() != at::kFloat || a.dim() != 2 || !a.is_contiguous()) return a.gt(0).sum(0);
  at::Tensor counts = at::zeros({a.size(1)}, at::kInt);
  const float *from = a.const_data_ptr<float>();
  int32_t *to = counts.mutable_data_ptr<int32_t>();
  int64_t rows = a.size(0), width = a.size(1);
  at::parallel_for(0, width, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t b = 0; b < rows; b++) count_positive(from + b * width + begin, to + begin, end - begin);
  });
  return counts.to(at::kLong);
}

void meter_add(at::Tensor sums, const Tensors &values, const at::Tensor &skip) {
  at::NoGradGuard no_grad;
  int64_t n = values.n;
  bool host = sums.is_cpu() && on_host(skip);
  for (int64_t i = 0; i < n; i++) host = host && on_host(values[i]) && values[i].numel() == 1;
  if (host) {
    double *s = sums.mutable_data_ptr<double>(), skipped = number_of(skip);
    for (int64_t i = 0; i < n && skipped == 0; i++) s[i] += number_of(values[i]);
    s[n] += 1 - skipped;
    s[n + 1] = (s[n + 1] + 1) * skipped;
    return;
  }
  std::vector<at::Tensor> row = tensor_list(values);
  for (at::Tensor &v : row) v = v.reshape({}).to(at::kDouble);
  at::Tensor skipped = skip.reshape({}).to(at::kDouble);
  sums.narrow(0, 0, n).add_(at::stack(row).masked_fill(skipped.gt(0), 0));
  sums.select(0, n).add_(1 - skipped);
  sums.select(0, n + 1).add_(1).mul_(skipped);
}

}  // namespace shim
