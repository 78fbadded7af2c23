// The text of the CUDA kernels, run on the host one thread after another: it lets a machine
// without a GPU compare them with plain ATen. Nobody trains with it.
#include <cmath>
#include <cstring>
#include <map>
#include <string>

#include "sparse_launch.h"

namespace shim::sparse {
namespace {
namespace text {

#include "../kernels/layer.h"
#include "../kernels/sparse.cu"

}  // namespace text

struct Host {
  template <class Signature, class... Args>
  static void run(const char *kernel, int64_t blocks, Args... args) {
    static const std::map<std::string, void *> table = {
        {"top", reinterpret_cast<void *>(text::top)},           {"map_count", reinterpret_cast<void *>(text::map_count)},
        {"map_scan", reinterpret_cast<void *>(text::map_scan)}, {"map_place", reinterpret_cast<void *>(text::map_place)},
        {"decode", reinterpret_cast<void *>(text::decode)},     {"dots", reinterpret_cast<void *>(text::dots)},
        {"gather", reinterpret_cast<void *>(text::gather)},     {"totals", reinterpret_cast<void *>(text::totals)},
        {"norm_rows", reinterpret_cast<void *>(text::norm_rows)},
    };
    auto *f = reinterpret_cast<Signature *>(table.at(kernel));
    for (text::block = 0; text::block < blocks; text::block++) call(f, args...);
  }

  template <class... Params, class... Args>
  static void call(void (*f)(Params...), Args... args) {
    f(static_cast<Params>(args)...);
  }
};

}  // namespace

const Kernels host = Launched<Host>::kernels;

}  // namespace shim::sparse
