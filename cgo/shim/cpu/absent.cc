// What the functions of cgo/shim/cuda answer in a build that has no CUDA.
#include "../impl.h"

namespace shim {
namespace {

[[noreturn]] void absent() { TORCH_CHECK(false, "built without CUDA"); }

}  // namespace

int64_t cuda_devices() { return 0; }
int64_t cuda_version() { return 0; }
int64_t cuda_device(int64_t, const Ints &, const Span &) { absent(); }

}  // namespace shim
