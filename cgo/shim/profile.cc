#include <torch/csrc/autograd/profiler_kineto.h>

#include "impl.h"

namespace shim {

void profile_start(bool cuda) {
  using torch::profiler::impl::ActivityType;
  torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO, /*report_input_shapes=*/true);
  std::set<ActivityType> activities{ActivityType::CPU};
  if (cuda) activities.insert(ActivityType::CUDA);
  torch::autograd::profiler::prepareProfiler(config, activities);
  torch::autograd::profiler::enableProfiler(config, activities);
}

void profile_stop(const Span &path) {
  torch::autograd::profiler::disableProfiler()->save(std::string(static_cast<const char *>(path.p), path.n));
}

}  // namespace shim
