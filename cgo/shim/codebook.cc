// Rows of a codebook.
#include <c10/core/impl/LocalDispatchKeySet.h>

#include "impl.h"

namespace shim {

// |a - b|² = |a|² + |b|² - 2 a·b, and |a|² is the same for all rows of b. A product in half
// precision would choose other rows: autocast has no say.
at::Tensor nearest_rows(const at::Tensor &a, const at::Tensor &b) {
  at::AutoDispatchBelowAutograd plain;
  c10::impl::ExcludeDispatchKeyGuard full(c10::autocast_dispatch_keyset);
  return (b.square().sum(1) - 2 * at::matmul(a, b.t())).argmin(1);
}

}  // namespace shim
