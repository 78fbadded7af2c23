// TorchScript: a module of a file as a handle. Its tensors are the module's own, not copies, so that
// an optimizer that updates them updates the module.
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>
#include <sstream>
#include <unordered_set>

#include "impl.h"

namespace shim {
namespace {

struct Entry {
  std::string name;
  at::Tensor tensor;
  char role;  // '+' a trained parameter, '=' a frozen one, '-' a buffer
};

// A tensor that has two names is trained under the first alone.
struct Script : th_handle {
  torch::jit::Module module;
  std::vector<Entry> entries;
  std::unordered_set<at::TensorImpl *> seen;
  std::string names;
  bool training = false;

  void add(const std::string &name, const at::Tensor &t, bool parameter) {
    bool first = seen.insert(t.unsafeGetTensorImpl()).second;
    char role = '-';
    if (parameter) role = first && t.requires_grad() ? '+' : '=';
    entries.push_back({name, t, role});
  }

  // In the order of torch.nn: of each module its parameters, its buffers, and what is below it.
  void collect(const torch::jit::Module &m, const std::string &prefix) {
    for (const auto &p : m.named_parameters(/*recurse=*/false)) add(prefix + p.name, p.value, true);
    for (const auto &b : m.named_buffers(/*recurse=*/false)) add(prefix + b.name, b.value, false);
    for (const auto &c : m.named_children()) collect(c.value, prefix + c.name + ".");
  }
};

Script &script_of(th_handle *h) {
  auto *s = dynamic_cast<Script *>(h);
  TORCH_CHECK(s, "the handle is no script");
  return *s;
}

}  // namespace

th_handle *load_script(const Span &content, int64_t dtype, int64_t device) {
  std::istringstream in(std::string(static_cast<const char *>(content.p), content.n));
  auto s = std::make_unique<Script>();
  s->module = torch::jit::load(in, device_of(device));
  s->module.eval();
  s->collect(s->module, "");
  at::NoGradGuard no_grad;
  for (auto &e : s->entries) {
    if (e.tensor.is_floating_point()) e.tensor.set_data(e.tensor.to(static_cast<at::ScalarType>(dtype)));
    if (!e.tensor.is_non_overlapping_and_dense()) e.tensor.set_data(e.tensor.contiguous());  // each element may be written
    s->names += e.role + e.name + "\n";
  }
  return s.release();
}

int64_t script_names(th_handle *script, const Span &out) {
  const std::string &names = script_of(script).names;
  std::memcpy(out.p, names.data(), std::min<int64_t>(out.n, static_cast<int64_t>(names.size())));
  return static_cast<int64_t>(names.size());
}

at::Tensor script_tensor(th_handle *script, int64_t i) { return script_of(script).entries.at(i).tensor; }

// Every call runs the same operators: what the profiling executor fuses after some calls rounds
// otherwise, and a resumed run, which begins to count anew, would not be the same run.
at::Tensor script_forward(th_handle *script, const at::Tensor &x, bool training) {
  Script &s = script_of(script);
  if (s.training != training) s.module.train(training);
  s.training = training;
  torch::jit::GraphOptimizerEnabledGuard as_written(false);
  c10::IValue out = s.module.forward({x});
  TORCH_CHECK(out.isTensor(), "forward gives a ", out.tagKind(), ", expected one tensor");
  return out.toTensor();
}

}  // namespace shim
