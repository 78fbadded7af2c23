// The sparse ops of cgo/shim/sparse.h. Counts are added up with atomics on whole numbers,
// whose sum does not depend on the order; floats are added in one order, so that results
// are the same bits each time. Nothing depends on the host.

typedef long long index_t;

// A score as a number that orders like it: relu first, and NaN above infinity. kind is 0
// for float32 and 1 for bfloat16.
HELPER unsigned key_of(const void *scores, int kind, const unsigned char *keep, index_t row, int i) {
  if (keep && !keep[i]) return 0;
  const float v = kind == 0 ? static_cast<const float *>(scores)[row + i]
                            : float_of(static_cast<unsigned>(static_cast<const unsigned short *>(scores)[row + i]) << 16);
  if (v != v) return 0x7fc00000u;
  return v > 0 ? bits_of(v) : 0u;
}

// One block a row: the k-th largest key is found digit by digit (radix select), then the
// larger ones and the first of the equal ones are written in order.
KERNEL top(const void *scores, int kind, const unsigned char *keep, int m, int k, float *values, index_t *latents, int stride,
           int first) {
  SHARED unsigned bins[2][THREADS], ties[2][THREADS];
  SHARED unsigned found, left, digit, rest;
  const index_t row = static_cast<index_t>(BLOCK) * m, out = static_cast<index_t>(BLOCK) * stride + first;
  const int part = (m + THREADS - 1) / THREADS;
  PHASE
    if (thread == 0) found = 0, left = static_cast<unsigned>(k);
  SYNC
  for (int shift = 24; shift >= 0; shift -= 8) {
    PHASE
      bins[0][thread] = 0;
    SYNC
    PHASE
      for (int i = thread; i < m; i += THREADS) {
        const unsigned key = key_of(scores, kind, keep, row, i);
        if (shift == 24 || key >> (shift + 8) == found) COUNT(&bins[0][key >> shift & 255]);
      }
    SYNC
    for (int step = 1, now = 0; step < THREADS; step *= 2, now = 1 - now) {
      PHASE
        bins[1 - now][thread] = bins[now][thread] + (thread + step < THREADS ? bins[now][thread + step] : 0);
      SYNC
    }
    PHASE  // after eight steps bins[0][d] counts the digits from d on
      const unsigned above = thread + 1 < THREADS ? bins[0][thread + 1] : 0;
      if (bins[0][thread] >= left && above < left) digit = static_cast<unsigned>(thread), rest = left - above;
    SYNC
    PHASE
      if (thread == 0) found = found << 8 | digit, left = rest;
    SYNC
  }
  PHASE  // each thread has a stretch of the row
    unsigned more = 0, equal = 0;
    for (int i = thread * part; i < m && i < (thread + 1) * part; i++) {
      const unsigned key = key_of(scores, kind, keep, row, i);
      more += key > found, equal += key == found;
    }
    bins[0][thread] = more, ties[0][thread] = equal;
  SYNC
  for (int step = 1, now = 0; step < THREADS; step *= 2, now = 1 - now) {
    PHASE
      bins[1 - now][thread] = bins[now][thread] + (thread >= step ? bins[now][thread - step] : 0);
      ties[1 - now][thread] = ties[now][thread] + (thread >= step ? ties[now][thread - step] : 0);
    SYNC
  }
  PHASE
    unsigned tie = thread > 0 ? ties[0][thread - 1] : 0;
    index_t at = out + (thread > 0 ? bins[0][thread - 1] : 0) + (tie < left ? tie : left);
    for (int i = thread * part; i < m && i < (thread + 1) * part; i++) {
      const unsigned key = key_of(scores, kind, keep, row, i);
      const bool taken = key > found || (key == found && tie < left);
      tie += key == found;
      if (!taken) continue;
      values[at] = float_of(key), latents[at] = i;
      at++;
    }
  SYNC
}

// The reverse mapping is a counting sort in blocks of rows. counts [blocks, m] begins as 0.
KERNEL map_count(const float *values, const index_t *latents, index_t total, index_t share, int m, unsigned *counts) {
  const index_t begin = BLOCK * share, end = begin + share < total ? begin + share : total;
  PHASE
    for (index_t p = begin + thread; p < end; p += THREADS)
      if (values[p] != 0) COUNT(&counts[static_cast<index_t>(BLOCK) * m + latents[p]]);
  SYNC
}

// One thread a latent: counts become how many the blocks before have, totals how many all.
KERNEL map_scan(int blocks, int m, unsigned *counts, index_t *totals) {
  PHASE
    const int l = BLOCK * THREADS + thread;
    if (l < m) {
      unsigned sum = 0;
      for (int b = 0; b < blocks; b++) {
        const unsigned here = counts[static_cast<index_t>(b) * m + l];
        counts[static_cast<index_t>(b) * m + l] = sum;
        sum += here;
      }
      totals[l] = sum;
    }
  SYNC
}

// A block places its rows one after another. Within the first `split` columns of a row no
// latent comes twice, nor within the others: no two threads of a phase have the same.
KERNEL map_place(const float *values, const index_t *latents, int rows, int k, int split, int share, int m, unsigned *counts,
                 const index_t *offsets, index_t *order) {
  for (int r = BLOCK * share; r < rows && r < (BLOCK + 1) * share; r++)
    for (int half = 0; half < 2; half++) {
      PHASE
        for (int j = (half ? split : 0) + thread; j < (half ? k : split); j += THREADS) {
          const index_t p = static_cast<index_t>(r) * k + j;
          if (values[p] != 0) order[offsets[latents[p]] + counts[static_cast<index_t>(BLOCK) * m + latents[p]]++] = p;
        }
      SYNC
    }
}

// One block a row.
KERNEL decode(const float *values, const index_t *latents, const float *w, const float *start, int k, int n, float *out) {
  const index_t row = BLOCK, first = row * k;
  PHASE
    for (int c = thread; c < n; c += THREADS) {
      float s = start ? start[c] : 0;
      for (int j = 0; j < k; j++) s += values[first + j] * w[latents[first + j] * n + c];
      out[row * n + c] = s;
    }
  SYNC
}

// One block a row, 32 threads a product.
KERNEL dots(const float *g, const index_t *latents, const float *w, int k, int n, float *out) {
  SHARED float part[THREADS];
  const index_t row = BLOCK;
  for (int first = 0; first < k; first += THREADS / 32) {
    PHASE
      const int j = first + thread / 32;
      float s = 0;
      if (j < k)
        for (int c = thread % 32; c < n; c += 32) s += g[row * n + c] * w[latents[row * k + j] * n + c];
      part[thread] = s;
    SYNC
    for (int half = 16; half > 0; half /= 2) {
      PHASE
        if (thread % 32 < half) part[thread] += part[thread + half];
      SYNC
    }
    PHASE
      if (thread % 32 == 0 && first + thread / 32 < k) out[row * k + first + thread / 32] = part[thread];
    SYNC
  }
}

// One block for 32 latents and 32 columns; transposed is turned in shared memory.
KERNEL gather(const float *coef, const index_t *offsets, const index_t *order, const float *rows, int k, int m, int n, int transposed,
              float *out) {
  SHARED float tile[32][33];
  const int across = (n + 31) / 32, l0 = BLOCK / across * 32, c0 = BLOCK % across * 32;
  PHASE
    const int c = c0 + thread % 32;
    for (int t = thread / 32; t < 32; t += THREADS / 32) {
      const int l = l0 + t;
      float s = 0;
      if (l < m && c < n)
        for (index_t i = offsets[l]; i < offsets[l + 1]; i++) s += coef[order[i]] * rows[order[i] / k * n + c];
      tile[t][thread % 32] = s;
    }
  SYNC
  PHASE
    for (int t = thread / 32; t < 32; t += THREADS / 32) {
      const int l = l0 + (transposed ? thread % 32 : t), c = c0 + (transposed ? t : thread % 32);
      if (l < m && c < n) out[transposed ? static_cast<index_t>(c) * m + l : static_cast<index_t>(l) * n + c] = tile[l - l0][c - c0];
    }
  SYNC
}

KERNEL totals(const float *coef, const index_t *offsets, const index_t *order, int m, float *out) {
  PHASE
    const int l = BLOCK * THREADS + thread;
    if (l < m) {
      float s = 0;
      for (index_t i = offsets[l]; i < offsets[l + 1]; i++) s += coef[order[i]];
      out[l] = s;
    }
  SYNC
}

// One block a row: g -= (g·w) w / |w|² where g is not null, else w /= |w| + eps.
KERNEL norm_rows(float *g, float *w, int n, float eps) {
  SHARED float square[THREADS], along[THREADS];
  const index_t row = static_cast<index_t>(BLOCK) * n;
  PHASE
    float s = 0, a = 0;
    for (int c = thread; c < n; c += THREADS) {
      s += w[row + c] * w[row + c];
      if (g) a += g[row + c] * w[row + c];
    }
    square[thread] = s, along[thread] = a;
  SYNC
  for (int half = THREADS / 2; half > 0; half /= 2) {
    PHASE
      if (thread < half) square[thread] += square[thread + half], along[thread] += along[thread + half];
    SYNC
  }
  PHASE
    const float norm = sqrtf(square[0]);
    const float share = norm == 0 ? 0 : along[0] / norm / norm;
    for (int c = thread; c < n; c += THREADS) {
      if (g)
        g[row + c] -= share * w[row + c];
      else
        w[row + c] /= norm + eps;
    }
  SYNC
}
