// CUDA graphs: a recorded step. One stream serves a thread for its life, for the steps before a
// recording, the recording and its replays: cuBLAS's handles and workspaces, and autograd's nodes,
// belong to a thread and a stream.
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <torch/headeronly/version.h>

#include <memory>

#include "../impl.h"

namespace shim {
namespace {

// The numbers that a generator goes on with.
struct Place {
  uint64_t seed, offset;
};

at::Generator generator_of(c10::DeviceIndex device) { return at::cuda::detail::getDefaultCUDAGenerator(device); }

// Graphs that live at the same time share one pool: they run one after the other, and no result of
// one is read after another has run.
using Pool = at::cuda::MempoolId_t;
std::weak_ptr<const Pool> shared_pool;

struct Graph : th_handle {
  at::cuda::CUDAGraph graph;
  c10::DeviceIndex device = c10::cuda::current_device();
  std::shared_ptr<const Pool> pool;
  Place before{};
};

Graph &graph_of(th_handle *h) {
  auto *g = dynamic_cast<Graph *>(h);
  TORCH_CHECK(g, "the handle is no graph");
  return *g;
}

Place place_of(c10::DeviceIndex device) {
  at::Generator g = generator_of(device);
  std::lock_guard<std::mutex> lock(g.mutex());
  auto *impl = at::check_generator<at::CUDAGeneratorImpl>(g);
  return {impl->current_seed(), impl->philox_offset_per_thread()};
}

// A generator that a failed recording has left behind does not draw any more: it goes on with a
// fresh state of the same numbers.
void renew_generator(c10::DeviceIndex device, Place at) {
  at::Generator fresh = at::cuda::detail::createCUDAGenerator(device);
  auto *from = at::check_generator<at::CUDAGeneratorImpl>(fresh);
  from->set_current_seed(at.seed);
  from->set_philox_offset_per_thread(at.offset);
  at::Generator g = generator_of(device);
  std::lock_guard<std::mutex> lock(g.mutex());
  at::check_generator<at::CUDAGeneratorImpl>(g)->graphsafe_set_state(from->graphsafe_get_state());
}

template <class F>
void quietly(F f) {
  try {
    f();
  } catch (const std::exception &) {  // the error that is told is the one that ended the recording
  }
}

}  // namespace

th_handle *begin_capture() {
  auto g = std::make_unique<Graph>();
  g->pool = shared_pool.lock();
  if (!g->pool) {
    c10::cuda::CUDACachingAllocator::emptyCache();
    shared_pool = g->pool = std::make_shared<const Pool>(at::cuda::graph_pool_handle());
  }
  g->before = place_of(g->device);
  // ThreadLocal: threads that copy batches ahead may go on meanwhile.
  g->graph.capture_begin(*g->pool, cudaStreamCaptureModeThreadLocal);
  return g.release();
}

void end_capture(th_handle *capture) { graph_of(capture).graph.capture_end(); }

// The graph itself is given up, not destroyed: the allocator may keep a reference to it (libtorch
// 2.11 does).
void abandon_capture(th_handle *capture) {
  Graph &g = graph_of(capture);
  quietly([&] { g.graph.capture_end(); });
#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR < 215  // later ones do it in reset()
  quietly([&] { c10::cuda::CUDACachingAllocator::endAllocateToPool(g.device, *g.pool); });
  quietly([&] { at::getHostAllocator(at::kCUDA)->end_allocate_to_pool(*g.pool); });
#endif
  quietly([&] { g.graph.reset(); });
  (void)cudaGetLastError();
  shared_pool.reset();
  renew_generator(g.device, g.before);
}

void replay(th_handle *graph) { graph_of(graph).graph.replay(); }

}  // namespace shim
