// Products of float32 matrices in C order of which one has few rows: a small batch. They
// are for processors with AVX-512; see fused_product.cc for everything else. Each number is
// summed in an order of its own that neither the threads nor its neighbours change.
#pragma once

#include <cstdint>

namespace shim {

// Whether the functions below are for a batch of so many rows on this processor.
bool few_rows(int64_t rows);

// y = max(x·wᵀ + bias, 0), or without the max, of x [rows, k], w [n, k], and bias [n] or null.
void times_transposed(const float *x, const float *w, const float *bias, bool relu, float *y, int64_t rows, int64_t k, int64_t n);

// The same with w [k, n], not transposed.
void times(const float *x, const float *w, const float *bias, bool relu, float *y, int64_t rows, int64_t k, int64_t n);

// Rows begin to end (at most outer_rows of them) and columns from to until of aᵀ·b, for
// a [rows, m] and b [rows, n]; row i of them goes to out + (i - begin)·stride.
constexpr int64_t outer_rows = 8;
struct Outer {
  const float *a, *b;
  int64_t rows, m, n;
};
void outer(const Outer &o, int64_t begin, int64_t end, int64_t from, int64_t until, float *out, int64_t stride);

}  // namespace shim
