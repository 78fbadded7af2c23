#pragma GCC optimize("O3")
#include "sparse_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDTHS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDTHS
#endif
#define INLINE __attribute__((always_inline)) inline

namespace shim::rows {
namespace {

// 64 bytes of T, which need not be aligned.
template <class T>
struct Vec {
  typedef T type __attribute__((vector_size(64), aligned(alignof(T)), may_alias));
  static constexpr int64_t width = 64 / sizeof(T);
};

// A stretch of `tiles` vectors of the sum: the sums stay in registers.
template <class T, int tiles>
INLINE void sum_stretch(T *out, const T *start, const T *weight, const int64_t *index, int64_t count, const T *base, int64_t n) {
  using V = typename Vec<T>::type;
  constexpr int64_t w = Vec<T>::width;
  V acc[tiles];
  for (int t = 0; t < tiles; t++) acc[t] = start ? *reinterpret_cast<const V *>(start + t * w) : V{};
  for (int64_t i = 0; i < count; i++) {
    const T *row = base + index[i] * n;
    const T a = weight[i];
#pragma GCC unroll 8
    for (int t = 0; t < tiles; t++) acc[t] += a * *reinterpret_cast<const V *>(row + t * w);
  }
  for (int t = 0; t < tiles; t++) *reinterpret_cast<V *>(out + t * w) = acc[t];
}

template <class T>
INLINE void sum_all(T *out, const T *start, const T *weight, const int64_t *index, int64_t count, const T *base, int64_t n) {
  constexpr int64_t w = Vec<T>::width;
  int64_t c = 0;
  for (; c + 8 * w <= n; c += 8 * w) sum_stretch<T, 8>(out + c, start ? start + c : nullptr, weight, index, count, base + c, n);
  for (; c + w <= n; c += w) sum_stretch<T, 1>(out + c, start ? start + c : nullptr, weight, index, count, base + c, n);
  for (; c < n; c++) {
    T s = start ? start[c] : T(0);
    for (int64_t i = 0; i < count; i++) s += weight[i] * base[index[i] * n + c];
    out[c] = s;
  }
}

template <class T>
INLINE T dot(const T *a, const T *b, int64_t n) {
  using V = typename Vec<T>::type;
  constexpr int64_t w = Vec<T>::width;
  V acc[4] = {};
  int64_t c = 0;
  for (; c + 4 * w <= n; c += 4 * w)
#pragma GCC unroll 4
    for (int t = 0; t < 4; t++)
      acc[t] += *reinterpret_cast<const V *>(a + c + t * w) * *reinterpret_cast<const V *>(b + c + t * w);
  for (; c + w <= n; c += w) acc[0] += *reinterpret_cast<const V *>(a + c) * *reinterpret_cast<const V *>(b + c);
  V all = (acc[0] + acc[1]) + (acc[2] + acc[3]);
  T s = 0;
  for (int64_t i = 0; i < w; i++) s += all[i];
  for (; c < n; c++) s += a[c] * b[c];
  return s;
}

template <class T>
INLINE void dots_all(T *out, const T *g, const int64_t *index, int64_t count, const T *base, int64_t n) {
  for (int64_t i = 0; i < count; i++) out[i] = dot(g, base + index[i] * n, n);
}

template <class T>
INLINE void project_row(T *g, const T *w, int64_t n) {
  const T norm = std::sqrt(dot(w, w, n));
  if (norm == 0) return;
  const T along = dot(g, w, n) / norm / norm;
  for (int64_t c = 0; c < n; c++) g[c] -= along * w[c];
}

template <class T>
INLINE void unit_row(T *w, int64_t n, double eps) {
  const T norm = std::sqrt(dot(w, w, n)) + T(eps);
  for (int64_t c = 0; c < n; c++) w[c] /= norm;
}

// bound gives a value that at least k scores reach, and says whether any is NaN: the
// k-th largest of the maxima of 4k or more groups of scores. scratch holds the maxima.
template <class T>
INLINE bool bound(const T *score, int64_t n, int64_t k, T *scratch, T &least) {
  int64_t groups = std::max<int64_t>(64, 4 * k);
  if (groups * 2 > n) groups = n;
  T *top = scratch;
  T nan = 0;
  std::memcpy(top, score, groups * sizeof(T));
  int64_t at = groups;
  for (; at + groups <= n; at += groups)
    for (int64_t i = 0; i < groups; i++) top[i] = score[at + i] > top[i] ? score[at + i] : top[i];
  for (int64_t i = 0; at + i < n; i++) top[i] = score[at + i] > top[i] ? score[at + i] : top[i];
  using V = typename Vec<T>::type;
  V bad = {};
  int64_t c = 0;
  for (; c + Vec<T>::width <= n; c += Vec<T>::width) bad += *reinterpret_cast<const V *>(score + c) * T(0);
  for (int64_t i = 0; i < Vec<T>::width; i++) nan += bad[i];
  for (; c < n; c++) nan += score[c] * T(0);
  if (nan != nan) return true;  // an infinity too: rare, and right either way
  std::nth_element(top, top + (k - 1), top + groups, [](T a, T b) { return a > b; });
  least = std::max(top[k - 1], T(0));
  return false;
}

// larger orders NaN before every number.
template <class T>
INLINE bool larger(T a, T b) {
  return a > b || (a != a && b == b);
}

// choose writes the k positions with the largest max(score, 0) among the candidates,
// which are all those with a positive or NaN score that can be among them.
template <class T>
INLINE void choose(const T *score, int64_t n, int64_t k, const int64_t *candidate, int64_t count, T *values, int64_t *positions,
                   T *scratch) {
  if (count < k) {  // the others are zeros: the lowest positions without a candidate
    int64_t zeros = k - count, c = 0, out = 0;
    for (int64_t p = 0; p < n && out < k; p++) {
      const bool is = c < count && candidate[c] == p;
      if (is) c++;
      if (!is && zeros-- <= 0) continue;
      values[out] = is ? score[p] : T(0);
      positions[out++] = p;
    }
    return;
  }
  for (int64_t i = 0; i < count; i++) scratch[i] = score[candidate[i]];
  std::nth_element(scratch, scratch + (k - 1), scratch + count, [](T a, T b) { return larger(a, b); });
  const T least = scratch[k - 1];
  int64_t above = 0;
  for (int64_t i = 0; i < k; i++) above += larger(scratch[i], least);
  int64_t ties = k - above, out = 0;
  for (int64_t i = 0; i < count && out < k; i++) {
    const T v = score[candidate[i]];
    if (!larger(v, least) && (larger(least, v) || ties-- <= 0)) continue;
    values[out] = v;
    positions[out++] = candidate[i];
  }
}

// collect lists the positions of scores that are at least `least` and positive. Stretches
// without one are passed over as a whole.
template <class T>
INLINE int64_t collect(const T *score, int64_t n, T least, int64_t *candidate) {
  constexpr int64_t stretch = 32;
  int64_t count = 0, at = 0;
  for (; at + stretch <= n; at += stretch) {
    int any = 0;
    for (int64_t i = 0; i < stretch; i++) any |= score[at + i] >= least;
    if (!any) continue;
    for (int64_t i = 0; i < stretch; i++) {
      candidate[count] = at + i;
      count += score[at + i] >= least && score[at + i] > 0;
    }
  }
  for (; at < n; at++)
    if (score[at] >= least && score[at] > 0) candidate[count++] = at;
  return count;
}

template <class T>
INLINE void top_all(const T *score, const uint8_t *keep, int64_t n, int64_t k, T *values, int64_t *positions, T *scratch,
                    int64_t *candidate) {
  if (keep) {
    T *masked = scratch + n;
    for (int64_t i = 0; i < n; i++) masked[i] = keep[i] ? score[i] : T(0);
    score = masked;
  }
  T least = 0;
  int64_t count = 0;
  if (bound(score, n, k, scratch, least)) {
    for (int64_t i = 0; i < n; i++)
      if (!(score[i] <= 0)) candidate[count++] = i;
  } else {
    count = collect(score, n, least, candidate);
  }
  choose(score, n, k, candidate, count, values, positions, scratch);
}

}  // namespace

#define FOR_TYPE(T)                                                                                                           \
  WIDTHS void top(const T *score, const uint8_t *keep, int64_t n, int64_t k, T *values, int64_t *positions, T *scratch,      \
                  int64_t *candidate) {                                                                                       \
    top_all(score, keep, n, k, values, positions, scratch, candidate);                                                       \
  }                                                                                                                           \
  WIDTHS void sum(T *out, const T *start, const T *weight, const int64_t *index, int64_t count, const T *base, int64_t n) {  \
    sum_all(out, start, weight, index, count, base, n);                                                                      \
  }                                                                                                                           \
  WIDTHS void dots(T *out, const T *g, const int64_t *index, int64_t count, const T *base, int64_t n) {                      \
    dots_all(out, g, index, count, base, n);                                                                                 \
  }                                                                                                                           \
  WIDTHS void project(T *g, const T *w, int64_t n) { project_row(g, w, n); }                                                 \
  WIDTHS void unit(T *w, int64_t n, double eps) { unit_row(w, n, eps); }

FOR_TYPE(float)
FOR_TYPE(double)

}  // namespace shim::rows
