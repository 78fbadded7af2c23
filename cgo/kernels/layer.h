// What lets one text be kernels on a GPU and functions on the host. A kernel is a row of
// phases: PHASE … SYNC is run by all threads of a block before the next one begins. What
// outlives a phase lies in SHARED memory, or is the same for all threads.
//
// On the host a phase is a loop over the threads, and a launch a loop over the blocks.
#define THREADS 256
#if defined(__CUDACC_RTC__)
#define KERNEL extern "C" __global__ void
#define HELPER static __device__ inline
#define SHARED __shared__
#define BLOCK (static_cast<int>(blockIdx.x))
#define PHASE { const int thread = static_cast<int>(threadIdx.x);
#define SYNC __syncthreads(); }
#define COUNT(address) atomicAdd(address, 1u)
HELPER unsigned bits_of(float v) { return __float_as_uint(v); }
HELPER float float_of(unsigned b) { return __uint_as_float(b); }
#else
#include <cmath>
#include <cstring>
#define KERNEL void
#define HELPER inline
#define SHARED
#define BLOCK block
#define PHASE for (int thread = 0; thread < THREADS; thread++) {
#define SYNC }
#define COUNT(address) (++*(address))
static thread_local int block;  // which one runs
HELPER unsigned bits_of(float v) { unsigned b; std::memcpy(&b, &v, sizeof b); return b; }
HELPER float float_of(unsigned b) { float v; std::memcpy(&v, &b, sizeof v); return v; }
#endif
