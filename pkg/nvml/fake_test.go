package nvml

// fakeNVML is a management library with two GPUs, of which the second tells no power.
const fakeNVML = `
#include <stdio.h>
#include <string.h>
typedef struct { unsigned int gpu, memory; } util;
typedef struct { unsigned long long total, free, used; } mem;
static int gpus[2] = {0, 1};
int nvmlInit_v2(void) { return FAIL; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { *d = &gpus[i]; return 0; }
int nvmlDeviceGetHandleByUUID(const char *u, void **d) {
  if (strcmp(u, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f")) return 6;
  *d = &gpus[1];
  return 0;
}
int nvmlDeviceGetName(void *d, char *s, unsigned n) { snprintf(s, n, "Fake %d", *(int *)d); return 0; }
int nvmlDeviceGetCudaComputeCapability(void *d, int *a, int *b) { *a = 9; *b = *(int *)d; return 0; }
int nvmlDeviceGetUtilizationRates(void *d, util *u) { u->gpu = 40 + *(int *)d; u->memory = 3; return 0; }
int nvmlDeviceGetMemoryInfo(void *d, mem *m) { m->total = 80000000000ull; m->used = 1000000000ull; m->free = m->total - m->used; return 0; }
int nvmlDeviceGetPowerUsage(void *d, unsigned *v) { *v = 250500; return *(int *)d ? 3 : 0; }
int nvmlDeviceGetEnforcedPowerLimit(void *d, unsigned *v) { *v = 700000; return 0; }
int nvmlDeviceGetTemperature(void *d, int kind, unsigned *v) { *v = 61; return kind; }
int nvmlSystemGetDriverVersion(char *s, unsigned n) { snprintf(s, n, "580.65.06"); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *v) { *v = 13000; return 0; }
const char *nvmlErrorString(int e) { return e == 9 ? "Driver Not Loaded" : "Not Found"; }
`

// fakeCUDA is a driver with one visible device, NVML's second.
const fakeCUDA = `
int cuInit(unsigned f) { return 0; }
int cuDeviceGet(int *d, int i) { *d = 7; return i == 0 ? 0 : 101; }
int cuDeviceGetUuid_v2(unsigned char *u, int d) { for (int i = 0; i < 16; i++) u[i] = i; return d != 7; }
`
