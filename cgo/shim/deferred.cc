#include <unordered_map>

#include "few_rows.h"
#include "fused.h"

namespace shim {
namespace {

thread_local std::unordered_map<const c10::TensorImpl *, std::vector<Factors>> deferred;

}  // namespace

void defer_products(const Tensors &params) {
  deferred.clear();
  for (int64_t i = 0; i < params.n; i++)
    if (params[i].is_cpu() && params[i].scalar_type() == at::kFloat && params[i].dim() == 2 && params[i].is_contiguous())
      deferred[params[i].unsafeGetTensorImpl()];
}

bool defer(const at::Tensor &weight, const at::Tensor &g, const at::Tensor &x) {
  auto entry = deferred.find(weight.unsafeGetTensorImpl());
  if (entry == deferred.end() || !few_rows(g.size(0)) || !g.is_contiguous() || !x.is_contiguous()) return false;
  entry->second.push_back({g, x});
  return true;
}

std::vector<Factors> take_deferred(const at::Tensor &weight) {
  auto entry = deferred.find(weight.unsafeGetTensorImpl());
  return entry == deferred.end() ? std::vector<Factors>{} : std::move(entry->second);
}

void forget_deferred() { deferred.clear(); }

}  // namespace shim
