// The sparse ops on the CPU: rows or latents are shared out among the threads, each
// result is written by one of them, in an order that does not depend on their number.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include "sparse.h"
#include "sparse_rows.h"

namespace shim::sparse {
namespace {

void top(const at::Tensor &h, int64_t k, const at::Tensor &keep, const at::Tensor &values, const at::Tensor &latents) {
  const int64_t m = h.size(1), all = values.size(1), rest = all - k;
  const auto *kept = rest > 0 ? reinterpret_cast<const uint8_t *>(keep.const_data_ptr<bool>()) : nullptr;
  AT_DISPATCH_FLOATING_TYPES(h.scalar_type(), "top", [&] {
    const auto *score = h.const_data_ptr<scalar_t>();
    auto *v = values.mutable_data_ptr<scalar_t>();
    auto *l = latents.mutable_data_ptr<int64_t>();
    at::parallel_for(0, h.size(0), 8, [&](int64_t begin, int64_t end) {
      std::vector<scalar_t> scratch(2 * m);
      std::vector<int64_t> candidate(m);
      for (int64_t b = begin; b < end; b++) {
        rows::top(score + b * m, nullptr, m, k, v + b * all, l + b * all, scratch.data(), candidate.data());
        if (rest > 0) rows::top(score + b * m, kept, m, rest, v + b * all + k, l + b * all + k, scratch.data(), candidate.data());
      }
    });
  });
}

// A counting sort: one pass counts, one places.
Mapping map(const at::Tensor &values, const at::Tensor &latents, int64_t m, int64_t) {
  const int64_t total = values.numel();
  at::Tensor offsets = at::zeros({m + 1}, latents.options()), order = at::empty({total}, latents.options());
  auto *start = offsets.mutable_data_ptr<int64_t>();
  auto *place = order.mutable_data_ptr<int64_t>();
  const auto *l = latents.const_data_ptr<int64_t>();
  AT_DISPATCH_FLOATING_TYPES(values.scalar_type(), "map", [&] {
    const auto *v = values.const_data_ptr<scalar_t>();
    for (int64_t p = 0; p < total; p++) start[l[p] + 1] += v[p] != 0;
    for (int64_t i = 0; i < m; i++) start[i + 1] += start[i];
    std::vector<int64_t> next(start, start + m);
    for (int64_t p = 0; p < total; p++)
      if (v[p] != 0) place[next[l[p]]++] = p;
  });
  return {offsets, order, latents, m};
}

at::Tensor decode(const at::Tensor &values, const at::Tensor &latents, const at::Tensor &w, const at::Tensor &start) {
  const int64_t k = values.size(1), n = w.size(1);
  at::Tensor out = at::empty({values.size(0), n}, values.options());
  AT_DISPATCH_FLOATING_TYPES(values.scalar_type(), "decode", [&] {
    const auto *v = values.const_data_ptr<scalar_t>();
    const auto *l = latents.const_data_ptr<int64_t>();
    const auto *base = w.const_data_ptr<scalar_t>();
    const auto *first = start.defined() ? start.const_data_ptr<scalar_t>() : nullptr;
    auto *to = out.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, values.size(0), 8, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) rows::sum(to + b * n, first, v + b * k, l + b * k, k, base, n);
    });
  });
  return out;
}

at::Tensor dots(const at::Tensor &g, const at::Tensor &latents, const at::Tensor &w) {
  const int64_t k = latents.size(1), n = w.size(1);
  at::Tensor out = at::empty(latents.sizes(), g.options());
  AT_DISPATCH_FLOATING_TYPES(g.scalar_type(), "dots", [&] {
    const auto *from = g.const_data_ptr<scalar_t>();
    const auto *l = latents.const_data_ptr<int64_t>();
    const auto *base = w.const_data_ptr<scalar_t>();
    auto *to = out.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, g.size(0), 8, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) rows::dots(to + b * k, from + b * n, l + b * k, k, base, n);
    });
  });
  return out;
}

// turn writes the block of `count` rows of n to columns of out, whose rows have m.
template <class T>
void turn(const T *block, int64_t count, int64_t n, T *out, int64_t m) {
  constexpr int64_t side = 16;
  for (int64_t c0 = 0; c0 < n; c0 += side)
    for (int64_t i0 = 0; i0 < count; i0 += side)
      for (int64_t c = c0; c < std::min(c0 + side, n); c++)
        for (int64_t i = i0; i < std::min(i0 + side, count); i++) out[c * m + i] = block[i * n + c];
}

at::Tensor gather(const at::Tensor &coef, const Mapping &map, const at::Tensor &source, bool transposed) {
  constexpr int64_t block = 64;  // latents at a time: their sums stay in the cache until they are turned
  const int64_t k = coef.size(1), n = source.size(1), m = map.m;
  at::Tensor out = at::empty(transposed ? at::IntArrayRef{n, m} : at::IntArrayRef{m, n}, source.options());
  AT_DISPATCH_FLOATING_TYPES(coef.scalar_type(), "gather", [&] {
    const auto *c = coef.const_data_ptr<scalar_t>();
    const auto *base = source.const_data_ptr<scalar_t>();
    const auto *offsets = map.offsets.const_data_ptr<int64_t>();
    const auto *order = map.order.const_data_ptr<int64_t>();
    auto *to = out.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, (m + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
      std::vector<scalar_t> weight, sums(transposed ? block * n : 0);
      std::vector<int64_t> row;
      for (int64_t first = begin * block; first < std::min(end * block, m); first += block) {
        const int64_t count = std::min(block, m - first);
        for (int64_t l = first; l < first + count; l++) {
          const int64_t used = offsets[l + 1] - offsets[l];
          weight.resize(used), row.resize(used);
          for (int64_t i = 0; i < used; i++) {
            const int64_t p = order[offsets[l] + i];
            weight[i] = c[p], row[i] = p / k;
          }
          rows::sum(transposed ? sums.data() + (l - first) * n : to + l * n, nullptr, weight.data(), row.data(), used, base, n);
        }
        if (transposed) turn(sums.data(), count, n, to + first, m);
      }
    });
  });
  return out;
}

at::Tensor totals(const at::Tensor &coef, const Mapping &map) {
  at::Tensor out = at::empty({map.m}, coef.options());
  AT_DISPATCH_FLOATING_TYPES(coef.scalar_type(), "totals", [&] {
    const auto *c = coef.const_data_ptr<scalar_t>();
    const auto *offsets = map.offsets.const_data_ptr<int64_t>();
    const auto *order = map.order.const_data_ptr<int64_t>();
    auto *to = out.mutable_data_ptr<scalar_t>();
    for (int64_t l = 0; l < map.m; l++) {
      scalar_t s = 0;
      for (int64_t i = offsets[l]; i < offsets[l + 1]; i++) s += c[order[i]];
      to[l] = s;
    }
  });
  return out;
}

void project(const at::Tensor &g, const at::Tensor &w) {
  const int64_t n = w.size(1);
  AT_DISPATCH_FLOATING_TYPES(w.scalar_type(), "project", [&] {
    auto *to = g.mutable_data_ptr<scalar_t>();
    const auto *along = w.const_data_ptr<scalar_t>();
    at::parallel_for(0, w.size(0), 16, [&](int64_t begin, int64_t end) {
      for (int64_t l = begin; l < end; l++) rows::project(to + l * n, along + l * n, n);
    });
  });
}

void unit(const at::Tensor &w, double eps) {
  const int64_t n = w.size(1);
  AT_DISPATCH_FLOATING_TYPES(w.scalar_type(), "unit", [&] {
    auto *to = w.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, w.size(0), 16, [&](int64_t begin, int64_t end) {
      for (int64_t l = begin; l < end; l++) rows::unit(to + l * n, n, eps);
    });
  });
}

}  // namespace

const Kernels cpu = {top, map, decode, dots, gather, totals, project, unit};

}  // namespace shim::sparse
