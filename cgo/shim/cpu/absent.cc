// What the functions of cgo/shim/cuda answer in a build that has no CUDA.
#include "../impl.h"
#include "../sparse.h"

namespace shim {
namespace {

[[noreturn]] void absent() { TORCH_CHECK(false, "built without CUDA"); }

}  // namespace

int64_t cuda_devices() { return 0; }
int64_t cuda_version() { return 0; }
int64_t cuda_device(int64_t, const Ints &, const Span &) { absent(); }
int64_t compile_kernels(int64_t) { absent(); }

const sparse::Kernels *sparse::cuda() { return nullptr; }

void use_device(int64_t) { absent(); }
th_handle *begin_capture() { absent(); }
void end_capture(th_handle *) { absent(); }
void abandon_capture(th_handle *) { absent(); }
void replay(th_handle *) { absent(); }

}  // namespace shim
