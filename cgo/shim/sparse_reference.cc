#include "sparse.h"

namespace shim::sparse {
namespace {

void choose(const at::Tensor &scores, at::Tensor values, at::Tensor latents) {
  const int64_t k = values.size(1);
  at::Tensor order = std::get<1>(at::sort(scores, /*stable=*/true, /*dim=*/1, /*descending=*/true));
  at::Tensor chosen = std::get<0>(order.narrow(1, 0, k).sort(1));
  latents.copy_(chosen);
  values.copy_(scores.gather(1, chosen));
}

void top(const at::Tensor &h, int64_t k, const at::Tensor &keep, const at::Tensor &values, const at::Tensor &latents) {
  at::Tensor scores = at::relu(h);
  choose(scores, values.narrow(1, 0, k), latents.narrow(1, 0, k));
  const int64_t rest = values.size(1) - k;
  if (rest > 0) choose(scores.masked_fill(keep.logical_not(), 0), values.narrow(1, k, rest), latents.narrow(1, k, rest));
}

Mapping map(const at::Tensor &, const at::Tensor &latents, int64_t m, int64_t) { return {{}, {}, latents, m}; }

at::Tensor dense(const at::Tensor &coef, const at::Tensor &latents, int64_t m) {
  return at::zeros({coef.size(0), m}, coef.options()).scatter_add(1, latents, coef);
}

at::Tensor decode(const at::Tensor &values, const at::Tensor &latents, const at::Tensor &w, const at::Tensor &start) {
  at::Tensor f = dense(values, latents, w.size(0));
  return start.defined() ? at::addmm(start, f, w) : at::mm(f, w);
}

at::Tensor dots(const at::Tensor &g, const at::Tensor &latents, const at::Tensor &w) { return at::mm(g, w.t()).gather(1, latents); }

at::Tensor gather(const at::Tensor &coef, const Mapping &map, const at::Tensor &rows, bool transposed) {
  at::Tensor f = dense(coef, map.latents, map.m);
  return transposed ? at::mm(rows.t(), f) : at::mm(f.t(), rows);
}

at::Tensor totals(const at::Tensor &coef, const Mapping &map) { return dense(coef, map.latents, map.m).sum(0); }

void project(const at::Tensor &g, const at::Tensor &w) {
  at::Tensor norm = at::linalg_vector_norm(w, 2, 1, true);
  at::Tensor d = w / norm.masked_fill(norm.eq(0), 1);
  at::Tensor(g).sub_((g * d).sum(1, true) * d);
}

void unit(const at::Tensor &w, double eps) { at::Tensor(w).div_(at::linalg_vector_norm(w, 2, 1, true) + eps); }

}  // namespace

const Kernels reference = {top, map, decode, dots, gather, totals, project, unit};

}  // namespace shim::sparse
