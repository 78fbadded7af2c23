#include "guard.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace shim {
namespace {

bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

// libtorch has exception types for few of the kinds that users must tell apart.
int kind_of(const std::string &m) {
  if (has(m, "allocate memory") || has(m, "out of memory") || has(m, "not enough memory") || has(m, "ALLOC_FAILED")) return TH_MEMORY;
  if (has(m, "same device") || has(m, "CUDA") || has(m, "NVIDIA driver") || has(m, "on device")) return TH_DEVICE;
  if (has(m, "dtype") || has(m, "same type") || has(m, "scalar type") || has(m, "ScalarType")) return TH_DTYPE;
  if (has(m, "shape") || has(m, "size") || has(m, "dimension") || has(m, "Dimension") || has(m, "channels")) return TH_SHAPE;
  return TH_OTHER;
}

// The first line says it; what follows are notes for C++ programmers. TorchScript's interpreter
// says it in the last one, after a trace of its code.
std::string sentence(std::string message) {
  if (message.rfind("The following operation failed in the TorchScript interpreter", 0) != 0) return message.substr(0, message.find('\n'));
  message.erase(message.find_last_not_of('\n') + 1);
  message.erase(0, message.rfind('\n') + 1);
  return message.substr(message.rfind("RuntimeError: ", 0) == 0 ? sizeof("RuntimeError: ") - 1 : 0);
}

th_error *make_error(const std::string &text, int kind) {
  std::string message = sentence(text);
  auto *err = static_cast<th_error *>(std::malloc(sizeof(th_error)));
  if (!err) std::abort();
  err->kind = kind;
  err->message = strdup(message.c_str());
  return err;
}

}  // namespace

th_error *caught() {
  try {
    throw;
  } catch (const c10::OutOfMemoryError &e) {
    return make_error(e.what_without_backtrace(), TH_MEMORY);
  } catch (const c10::Error &e) {
    return make_error(e.what_without_backtrace(), kind_of(e.what_without_backtrace()));
  } catch (const std::bad_alloc &) {
    return make_error("out of memory", TH_MEMORY);
  } catch (const std::exception &e) {
    return make_error(e.what(), kind_of(e.what()));
  } catch (...) {
    return make_error("unknown C++ exception", TH_OTHER);
  }
}

void free_error(th_error *err) {
  std::free(err->message);
  std::free(err);
}

void free_tensors(th_tensor *const *tensors, int64_t n) {
  for (int64_t i = 0; i < n; i++) delete reinterpret_cast<at::Tensor *>(tensors[i]);
}

void free_generator(th_generator *g) { delete g; }

}  // namespace shim
