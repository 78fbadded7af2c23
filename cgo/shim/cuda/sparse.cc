// The sparse ops on CUDA.

#include "../impl.h"
#include "../sparse_launch.h"
#include "kernels.h"

// The text of the kernels, as it is in the checkout; build.sh compiles there.
__asm__(
    ".pushsection .rodata\n"
    ".globl trainer_sparse_text\n"
    ".hidden trainer_sparse_text\n"
    "trainer_sparse_text:\n"
    ".incbin \"cgo/kernels/layer.h\"\n"
    ".incbin \"cgo/kernels/sparse.cu\"\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" __attribute__((visibility("hidden"))) const char trainer_sparse_text[];

namespace shim {
namespace sparse {
namespace {

struct Cuda {
  template <class Signature, class... Args>
  static void run(const char *kernel, int64_t blocks, Args... args) {
    call(static_cast<Signature *>(nullptr), kernel, blocks, args...);
  }

  // The arguments take the types that the kernel has.
  template <class... Params, class... Args>
  static void call(void (*)(Params...), const char *kernel, int64_t blocks, Args... args) {
    std::tuple<Params...> typed(static_cast<Params>(args)...);
    std::apply(
        [&](auto &...each) {
          void *addresses[] = {const_cast<void *>(static_cast<const void *>(&each))...};
          launch(trainer_sparse_text, kernel, blocks, addresses);
        },
        typed);
  }
};

const Kernels kernels = Launched<Cuda>::kernels;

}  // namespace

const Kernels *cuda() { return &kernels; }

}  // namespace sparse

int64_t compile_kernels(int64_t architecture) {
  return static_cast<int64_t>(compiled(trainer_sparse_text, "sm_" + std::to_string(architecture)).size());
}

}  // namespace shim
