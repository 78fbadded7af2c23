// The inner loops of the sparse ops, on plain memory: one row of scores, or sums and
// products over chosen rows of a matrix. No ATen: this is what is compiled several
// times, for each vector width.
#pragma once

#include <cstdint>

namespace shim::rows {

// top writes the k largest of max(score, 0) over n scores and their positions, in
// ascending order of position. Of equal values the lowest position is taken; NaN is
// larger than any number. Positions where keep is 0 have the score 0; keep may be null.
// scratch holds 2n values, candidate n positions.
void top(const float *score, const uint8_t *keep, int64_t n, int64_t k, float *values, int64_t *positions, float *scratch,
         int64_t *candidate);
void top(const double *score, const uint8_t *keep, int64_t n, int64_t k, double *values, int64_t *positions, double *scratch,
         int64_t *candidate);

// sum writes out[c] = start[c] + Σ_i weight[i]·base[index[i]·n + c]; start may be null.
void sum(float *out, const float *start, const float *weight, const int64_t *index, int64_t count, const float *base, int64_t n);
void sum(double *out, const double *start, const double *weight, const int64_t *index, int64_t count, const double *base, int64_t n);

// dots writes out[i] = Σ_c g[c]·base[index[i]·n + c].
void dots(float *out, const float *g, const int64_t *index, int64_t count, const float *base, int64_t n);
void dots(double *out, const double *g, const int64_t *index, int64_t count, const double *base, int64_t n);

// project takes out of g what lies along w, g -= (g·d) d with d = w/|w|, and leaves it
// where w is 0; unit divides w by |w| + eps.
void project(float *g, const float *w, int64_t n);
void project(double *g, const double *w, int64_t n);
void unit(float *w, int64_t n, double eps);
void unit(double *w, int64_t n, double eps);

}  // namespace shim::rows
