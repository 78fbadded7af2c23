// Handles to C++ values and back, and the only try/catch of the shim.
#pragma once

#include <ATen/ATen.h>

#include "../shim.h"

struct th_generator {
  at::Generator g;
};

// What a handle leads to: its destructor gives back what it holds.
struct th_handle {
  virtual ~th_handle() = default;
};

namespace shim {

inline const at::Tensor &value(const th_tensor *t) {
  static const at::Tensor none;
  return t ? *reinterpret_cast<const at::Tensor *>(t) : none;
}

inline th_tensor *handle(at::Tensor t) {
  return reinterpret_cast<th_tensor *>(new at::Tensor(std::move(t)));
}

inline std::optional<at::Generator> generator(th_generator *g) {
  return g ? std::optional<at::Generator>(g->g) : std::nullopt;
}

inline std::optional<at::Tensor> opt(const at::Tensor &t) {
  return t.defined() ? std::optional<at::Tensor>(t) : std::nullopt;
}

// A whole number stays one for integer tensors, so that they keep their dtype.
inline at::Scalar number(const at::Tensor &like, double v) {
  bool whole = at::isIntegralType(like.scalar_type(), false) && v == static_cast<double>(static_cast<int64_t>(v));
  return whole ? at::Scalar(static_cast<int64_t>(v)) : at::Scalar(v);
}

// A list of handles, read where it lies.
struct Tensors {
  th_tensor *const *p;
  int64_t n;
  const at::Tensor &operator[](int64_t i) const { return value(p[i]); }
};

// Host memory that is valid during the call.
struct Span {
  void *p;
  int64_t n;
};

// Sizes, dimensions and the like; writable, so that a shape can be answered.
class Ints : public at::IntArrayRef {
 public:
  Ints(int64_t *p, int64_t n) : at::IntArrayRef(p, n), out(p) {}
  int64_t *out;
};

inline std::vector<at::Tensor> tensor_list(const Tensors &ts) {
  std::vector<at::Tensor> list;
  list.reserve(ts.n);
  for (int64_t i = 0; i < ts.n; i++) list.push_back(ts[i]);
  return list;
}

th_error *caught();  // turns the exception in flight into an error
void free_error(th_error *err);
void free_tensors(th_tensor *const *tensors, int64_t n);
void free_generator(th_generator *g);

// guard runs f and turns whatever it throws into r.err.
template <class R, class F>
R guard(F f) {
  R r{};
  try {
    f(r);
  } catch (...) {
    r.err = caught();
  }
  return r;
}

template <class F>
th_nothing guard_nothing(F f) {
  return guard<th_nothing>([&](th_nothing &) { f(); });
}

template <class F>
th_one guard_one(F f) {
  return guard<th_one>([&](th_one &r) { r.out = handle(f()); });
}

template <class F>
th_two guard_two(F f) {
  return guard<th_two>([&](th_two &r) {
    auto [first, second] = f();
    r.out = handle(std::move(first));
    r.second = handle(std::move(second));
  });
}

template <class F>
th_int guard_int(F f) {
  return guard<th_int>([&](th_int &r) { r.out = f(); });
}

template <class F>
th_float guard_float(F f) {
  return guard<th_float>([&](th_float &r) { r.out = f(); });
}

template <class F>
th_gen guard_gen(F f) {
  return guard<th_gen>([&](th_gen &r) { r.out = new th_generator{f()}; });
}

template <class F>
th_held guard_held(F f) {
  return guard<th_held>([&](th_held &r) { r.out = f(); });
}

}  // namespace shim
