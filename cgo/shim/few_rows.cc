#include "few_rows.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <algorithm>

#if defined(__x86_64__)
#pragma GCC optimize("O3")
#include <immintrin.h>

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of the header's _mm512_undefined_ps
#define AVX512 __attribute__((target("avx512f")))
#define EACH(i, n) _Pragma("GCC unroll 16") for (int i = 0; i < (n); i++)

namespace shim {
namespace {

constexpr int64_t most_rows = 64;  // beyond, oneDNN's products pay for what a call of them costs
constexpr int lanes = 16, wide = 3, block = outer_rows;

// How many pieces of so many multiplications are worth a thread.
int64_t grain(int64_t each) { return std::max<int64_t>(1, (int64_t{1} << 19) / std::max<int64_t>(1, each)); }

AVX512 inline __mmask16 first(int64_t n) { return n >= lanes ? 0xffff : n > 0 ? (1u << n) - 1 : 0; }

// The sums of 16 registers, side by side.
AVX512 inline __m512 sums(const __m512 *a) {
  __m512 b[8], c[4], d[2];
  EACH(i, 8) b[i] = _mm512_add_ps(_mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]), _mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]));
  EACH(i, 4) {
    __m512d x = _mm512_castps_pd(b[2 * i]), y = _mm512_castps_pd(b[2 * i + 1]);
    c[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)), _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
  }
  EACH(i, 2)
  d[i] = _mm512_add_ps(_mm512_shuffle_f32x4(c[2 * i], c[2 * i + 1], 0x88), _mm512_shuffle_f32x4(c[2 * i], c[2 * i + 1], 0xdd));
  return _mm512_add_ps(_mm512_shuffle_f32x4(d[0], d[1], 0x88), _mm512_shuffle_f32x4(d[0], d[1], 0xdd));
}

// The scalar products of two rows of x with eight of w, at every lane.
AVX512 inline void accumulate(__m512 *sum, const float *const *x, const float *const *w, int64_t k, __mmask16 mask) {
  __m512 a[2];
  EACH(c, 2) a[c] = _mm512_maskz_loadu_ps(mask, x[c] + k);
  EACH(r, block) {
    __m512 b = _mm512_maskz_loadu_ps(mask, w[r] + k);
    EACH(c, 2) sum[c * block + r] = _mm512_fmadd_ps(a[c], b, sum[c * block + r]);
  }
}

// Columns n to n+8 of times_transposed. What would be beyond the last row or column is
// that one again.
AVX512 void dots(const float *x, const float *weight, const float *bias, bool relu, float *y, int64_t rows, int64_t k, int64_t size, int64_t n) {
  const float *w[block];
  EACH(r, block) w[r] = weight + std::min(n + r, size - 1) * k;
  for (int64_t i = 0; i < rows; i += 2) {
    const float *two[2] = {x + i * k, x + std::min(i + 1, rows - 1) * k};
    __m512 sum[2 * block];
    EACH(j, 2 * block) sum[j] = _mm512_setzero_ps();
    int64_t l = 0;
    for (; l + lanes <= k; l += lanes) accumulate(sum, two, w, l, 0xffff);
    if (l < k) accumulate(sum, two, w, l, first(k - l));
    float out[2 * block];
    _mm512_storeu_ps(out, sums(sum));
    for (int64_t c = 0; c < std::min<int64_t>(2, rows - i); c++)
      for (int64_t r = 0; r < std::min<int64_t>(block, size - n); r++) {
        float v = out[c * block + r] + (bias ? bias[n + r] : 0);
        y[(i + c) * size + n + r] = relu && v < 0 ? 0 : v;
      }
  }
}

// A panel of 48 columns of eight rows; the masks end it with the matrix.
struct Panel {
  __m512 v[block][wide];
  __mmask16 mask[wide];

  AVX512 inline void add(const float *const *x, int64_t step, const float *w, int64_t stride, int64_t k) {
    for (int64_t l = 0; l < k; l++, w += stride) {
      __m512 b[wide];
      EACH(j, wide) b[j] = _mm512_maskz_loadu_ps(mask[j], w + lanes * j);
      EACH(r, block) {
        __m512 a = _mm512_set1_ps(x[r][l * step]);
        EACH(j, wide) v[r][j] = _mm512_fmadd_ps(a, b[j], v[r][j]);
      }
    }
  }
};

// Columns n to n+48 of times.
AVX512 void panel(const float *x, const float *w, const float *bias, bool relu, float *y, int64_t rows, int64_t k, int64_t size, int64_t n) {
  Panel p;
  EACH(j, wide) p.mask[j] = first(size - n - lanes * j);
  for (int64_t i = 0; i < rows; i += block) {
    const float *from[block];
    EACH(r, block) from[r] = x + std::min<int64_t>(i + r, rows - 1) * k;
    EACH(j, wide) {
      __m512 start = bias ? _mm512_maskz_loadu_ps(p.mask[j], bias + n + lanes * j) : _mm512_setzero_ps();
      EACH(r, block) p.v[r][j] = start;
    }
    p.add(from, 1, w + n, size, k);
    EACH(r, block) EACH(j, wide) {
      __m512 v = relu ? _mm512_max_ps(_mm512_setzero_ps(), p.v[r][j]) : p.v[r][j];  // in this order NaN stays
      _mm512_mask_storeu_ps(y + std::min<int64_t>(i + r, rows - 1) * size + n + lanes * j, p.mask[j], v);
    }
  }
}

AVX512 void outer_panels(const Outer &o, int64_t begin, int64_t end, int64_t from, int64_t until, float *out, int64_t stride) {
  Panel p;
  const float *columns[block];
  EACH(r, block) columns[r] = o.a + std::min<int64_t>(begin + r, end - 1);
  for (int64_t n = from; n < until; n += lanes * wide) {
    EACH(j, wide) p.mask[j] = first(until - n - lanes * j);
    EACH(r, block) EACH(j, wide) p.v[r][j] = _mm512_setzero_ps();
    p.add(columns, o.m, o.b + n, o.n, o.rows);
    EACH(r, block) EACH(j, wide)
    _mm512_mask_storeu_ps(out + std::min<int64_t>(r, end - begin - 1) * stride + n - from + lanes * j, p.mask[j], p.v[r][j]);
  }
}

}  // namespace

bool few_rows(int64_t rows) {
  static const bool has = at::get_cpu_capability() == "AVX512";
  return has && rows > 0 && rows <= most_rows;
}

void times_transposed(const float *x, const float *w, const float *bias, bool relu, float *y, int64_t rows, int64_t k, int64_t n) {
  at::parallel_for(0, (n + block - 1) / block, grain(block * rows * k), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) dots(x, w, bias, relu, y, rows, k, n, i * block);
  });
}

void times(const float *x, const float *w, const float *bias, bool relu, float *y, int64_t rows, int64_t k, int64_t n) {
  constexpr int64_t width = lanes * wide;
  at::parallel_for(0, (n + width - 1) / width, grain(width * rows * k), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) panel(x, w, bias, relu, y, rows, k, n, i * width);
  });
}

void outer(const Outer &o, int64_t begin, int64_t end, int64_t from, int64_t until, float *out, int64_t stride) {
  outer_panels(o, begin, end, from, until, out, stride);
}

}  // namespace shim

#else

namespace shim {

bool few_rows(int64_t) { return false; }
void times_transposed(const float *, const float *, const float *, bool, float *, int64_t, int64_t, int64_t) {}
void times(const float *, const float *, const float *, bool, float *, int64_t, int64_t, int64_t) {}
void outer(const Outer &, int64_t, int64_t, int64_t, int64_t, float *, int64_t) {}

}  // namespace shim

#endif
