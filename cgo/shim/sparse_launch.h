// The sparse ops as launches of the kernels in cgo/kernels/sparse.cu, for a Launcher with
//
//   template <class Signature, class... Args>
//   static void run(const char *kernel, int64_t blocks, Args... args);
//
// which runs a kernel with blocks of 256 threads. All sizes follow from shapes, and
// nothing is read back: a captured step holds.
#pragma once

#include "sparse.h"

namespace shim::sparse {

using index_t = long long;

template <class Launcher>
struct Launched {
  static constexpr int64_t threads = 256;

  static const index_t *indices(const at::Tensor &t) { return reinterpret_cast<const index_t *>(t.const_data_ptr<int64_t>()); }
  static index_t *place(const at::Tensor &t) { return reinterpret_cast<index_t *>(t.mutable_data_ptr<int64_t>()); }
  static const float *in(const at::Tensor &t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }
  static float *out(const at::Tensor &t) { return t.mutable_data_ptr<float>(); }
  static int64_t share(int64_t n, int64_t of) { return (n + of - 1) / of; }

  static void top(const at::Tensor &h, int64_t k, const at::Tensor &keep, const at::Tensor &values, const at::Tensor &latents) {
    using Signature = void(const void *, int, const unsigned char *, int, int, float *, index_t *, int, int);
    const at::Tensor scores = (h.scalar_type() == at::kBFloat16 ? h : h.to(at::kFloat)).contiguous();
    const int kind = scores.scalar_type() == at::kBFloat16 ? 1 : 0;
    const int64_t all = values.size(1);
    const auto choose = [&](const unsigned char *kept, int64_t first, int64_t count) {
      Launcher::template run<Signature>("top", h.size(0), scores.const_data_ptr(), kind, kept, h.size(1), count, out(values),
                                        place(latents), all, first);
    };
    choose(nullptr, 0, k);
    if (all > k) choose(reinterpret_cast<const unsigned char *>(keep.const_data_ptr<bool>()), k, all - k);
  }

  static Mapping map(const at::Tensor &values, const at::Tensor &latents, int64_t m, int64_t split) {
    const int64_t rows = values.size(0), k = values.size(1), each = share(std::max<int64_t>(rows, 1), 64);
    const int64_t blocks = share(std::max<int64_t>(rows, 1), each);
    at::Tensor counts = at::zeros({blocks, m}, latents.options().dtype(at::kInt)), all = at::empty({m}, latents.options());
    auto *count = reinterpret_cast<unsigned *>(counts.mutable_data_ptr<int>());
    Launcher::template run<void(const float *, const index_t *, index_t, index_t, int, unsigned *)>(
        "map_count", blocks, in(values), indices(latents), rows * k, each * k, m, count);
    Launcher::template run<void(int, int, unsigned *, index_t *)>("map_scan", share(m, threads), blocks, m, count, place(all));
    at::Tensor offsets = at::zeros({m + 1}, latents.options()), order = at::empty({rows * k}, latents.options());
    offsets.narrow(0, 1, m).copy_(all.cumsum(0));
    Launcher::template run<void(const float *, const index_t *, int, int, int, int, int, unsigned *, const index_t *, index_t *)>(
        "map_place", blocks, in(values), indices(latents), rows, k, split, each, m, count, indices(offsets), place(order));
    return {offsets, order, latents, m};
  }

  static at::Tensor decode(const at::Tensor &values, const at::Tensor &latents, const at::Tensor &w, const at::Tensor &start) {
    at::Tensor y = at::empty({values.size(0), w.size(1)}, values.options());
    Launcher::template run<void(const float *, const index_t *, const float *, const float *, int, int, float *)>(
        "decode", values.size(0), in(values), indices(latents), in(w), in(start), values.size(1), w.size(1), out(y));
    return y;
  }

  static at::Tensor dots(const at::Tensor &g, const at::Tensor &latents, const at::Tensor &w) {
    at::Tensor y = at::empty(latents.sizes(), g.options());
    Launcher::template run<void(const float *, const index_t *, const float *, int, int, float *)>(
        "dots", g.size(0), in(g), indices(latents), in(w), latents.size(1), w.size(1), out(y));
    return y;
  }

  static at::Tensor gather(const at::Tensor &coef, const Mapping &map, const at::Tensor &source, bool transposed) {
    const int64_t m = map.m, n = source.size(1);
    at::Tensor y = at::empty(transposed ? at::IntArrayRef{n, m} : at::IntArrayRef{m, n}, source.options());
    Launcher::template run<void(const float *, const index_t *, const index_t *, const float *, int, int, int, int, float *)>(
        "gather", share(m, 32) * share(n, 32), in(coef), indices(map.offsets), indices(map.order), in(source), coef.size(1), m, n,
        transposed, out(y));
    return y;
  }

  static at::Tensor totals(const at::Tensor &coef, const Mapping &map) {
    at::Tensor y = at::empty({map.m}, coef.options());
    Launcher::template run<void(const float *, const index_t *, const index_t *, int, float *)>(
        "totals", share(map.m, threads), in(coef), indices(map.offsets), indices(map.order), map.m, out(y));
    return y;
  }

  static void norm_rows(float *g, const at::Tensor &w, double eps) {
    Launcher::template run<void(float *, float *, int, float)>("norm_rows", w.size(0), g, out(w), w.size(1), eps);
  }
  static void project(const at::Tensor &g, const at::Tensor &w) { norm_rows(out(g), w, 0); }
  static void unit(const at::Tensor &w, double eps) { norm_rows(nullptr, w, eps); }

  static constexpr Kernels kernels = {top, map, decode, dots, gather, totals, project, unit};
};

}  // namespace shim::sparse
