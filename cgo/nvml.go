//go:build cgo && !cpu

package cgo

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// NVML's and the CUDA driver's functions, looked up by name: neither header nor library is
// needed to build, and a machine without a driver is told so instead of failing to start.
typedef void *nvml_device;
typedef struct { unsigned int gpu, memory; } nvml_utilization;
typedef struct { unsigned long long total, free, used; } nvml_memory;
typedef struct { unsigned char bytes[16]; } cuda_uuid;

static struct {
  int (*init)(void);
  int (*count)(unsigned int *);
  int (*by_index)(unsigned int, nvml_device *);
  int (*by_uuid)(const char *, nvml_device *);
  int (*name)(nvml_device, char *, unsigned int);
  int (*capability)(nvml_device, int *, int *);
  int (*utilization)(nvml_device, nvml_utilization *);
  int (*memory)(nvml_device, nvml_memory *);
  int (*power)(nvml_device, unsigned int *);
  int (*power_limit)(nvml_device, unsigned int *);
  int (*temperature)(nvml_device, int, unsigned int *);
  int (*driver)(char *, unsigned int);
  int (*cuda)(int *);
  const char *(*text)(int);
} nvml;

static const char *nvml_missing(void) {
  void *lib = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!lib) return "libnvidia-ml.so.1 is not there";
  struct { const char *name; void **at; } wanted[] = {
    {"nvmlInit_v2", (void **)&nvml.init}, {"nvmlDeviceGetCount_v2", (void **)&nvml.count},
    {"nvmlDeviceGetHandleByIndex_v2", (void **)&nvml.by_index}, {"nvmlDeviceGetHandleByUUID", (void **)&nvml.by_uuid},
    {"nvmlDeviceGetName", (void **)&nvml.name}, {"nvmlDeviceGetCudaComputeCapability", (void **)&nvml.capability},
    {"nvmlDeviceGetUtilizationRates", (void **)&nvml.utilization}, {"nvmlDeviceGetMemoryInfo", (void **)&nvml.memory},
    {"nvmlDeviceGetPowerUsage", (void **)&nvml.power}, {"nvmlDeviceGetEnforcedPowerLimit", (void **)&nvml.power_limit},
    {"nvmlDeviceGetTemperature", (void **)&nvml.temperature}, {"nvmlSystemGetDriverVersion", (void **)&nvml.driver},
    {"nvmlSystemGetCudaDriverVersion_v2", (void **)&nvml.cuda}, {"nvmlErrorString", (void **)&nvml.text},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    *wanted[i].at = dlsym(lib, wanted[i].name);
    if (!*wanted[i].at) return wanted[i].name;
  }
  int err = nvml.init();
  return err ? nvml.text(err) : NULL;
}

static const char *nvml_error(int err) { return nvml.text(err); }
static int nvml_count(unsigned int *n) { return nvml.count(n); }
static int nvml_by_index(unsigned int i, nvml_device *d) { return nvml.by_index(i, d); }
static int nvml_name(nvml_device d, char *s, unsigned int n) { return nvml.name(d, s, n); }
static int nvml_capability(nvml_device d, int *major, int *minor) { return nvml.capability(d, major, minor); }
static int nvml_driver(char *s, unsigned int n) { return nvml.driver(s, n); }
static int nvml_cuda(int *v) { return nvml.cuda(v); }

// What a device cannot tell stays -1.
typedef struct { double utilization, used, total, power, power_limit, temperature; } nvml_sample;

static nvml_sample nvml_read(nvml_device d) {
  nvml_sample s = {-1, -1, -1, -1, -1, -1};
  nvml_utilization u;
  nvml_memory m;
  unsigned int v;
  if (!nvml.utilization(d, &u)) s.utilization = u.gpu;
  if (!nvml.memory(d, &m)) { s.used = (double)m.used; s.total = (double)m.total; }
  if (!nvml.power(d, &v)) s.power = v / 1000.0;
  if (!nvml.power_limit(d, &v)) s.power_limit = v / 1000.0;
  if (!nvml.temperature(d, 0, &v)) s.temperature = v;
  return s;
}

// CUDA's ordinals follow CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER, NVML's do not: the UUID
// is what both have.
static int nvml_of_cuda(int ordinal, nvml_device *d) {
  void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!lib) return -1;
  int (*init)(unsigned int) = (int (*)(unsigned int))dlsym(lib, "cuInit");
  int (*get)(int *, int) = (int (*)(int *, int))dlsym(lib, "cuDeviceGet");
  int (*uuid)(cuda_uuid *, int) = (int (*)(cuda_uuid *, int))dlsym(lib, "cuDeviceGetUuid_v2");
  if (!uuid) uuid = (int (*)(cuda_uuid *, int))dlsym(lib, "cuDeviceGetUuid");
  int device;
  cuda_uuid id;
  if (!init || !get || !uuid || init(0) || get(&device, ordinal) || uuid(&id, device)) return -1;
  const char *kinds[] = {"GPU", "MIG"};
  for (int k = 0; k < 2; k++) {
    char text[64];
    int n = snprintf(text, sizeof text, "%s-", kinds[k]);
    for (int i = 0; i < 16; i++)
      n += snprintf(text + n, sizeof text - n, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id.bytes[i]);
    if (!nvml.by_uuid(text, d)) return 0;
  }
  return -1;
}
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

// GPU is a device as NVML knows it.
type GPU struct{ d C.nvml_device }

// GPUSample is what a GPU tells of itself; -1 stands for what it does not tell.
type GPUSample struct {
	Utilization        float64 // percent of the time in which a kernel ran
	MemoryUsed, Memory float64 // bytes, of all processes
	Power, PowerLimit  float64 // watts
	Temperature        float64 // °C
}

var openNVML = sync.OnceValue(func() error {
	if why := C.nvml_missing(); why != nil {
		return fmt.Errorf("nvml: %s", C.GoString(why))
	}
	return nil
})

// OpenNVML loads NVIDIA's management library, which comes with the driver, once.
func OpenNVML() error { return openNVML() }

// GPUs are the GPUs of the machine, whether a process may use them or not.
func GPUs() ([]GPU, error) {
	var n C.uint
	if err := nvmlError(C.nvml_count(&n)); err != nil {
		return nil, err
	}
	gpus := make([]GPU, n)
	for i := range gpus {
		if err := nvmlError(C.nvml_by_index(C.uint(i), &gpus[i].d)); err != nil {
			return nil, err
		}
	}
	return gpus, nil
}

// GPUOfCUDA is the GPU that CUDA calls by this number.
func GPUOfCUDA(ordinal int) (GPU, error) {
	var g GPU
	if C.nvml_of_cuda(C.int(ordinal), &g.d) != 0 {
		return g, fmt.Errorf("nvml: it does not know cuda:%d", ordinal)
	}
	return g, nil
}

// Name is the product's name; Capability the compute capability, e.g. 9, 0.
func (g GPU) Name() string {
	var text [96]C.char
	if C.nvml_name(g.d, &text[0], C.uint(len(text))) != 0 {
		return "unknown GPU"
	}
	return C.GoString(&text[0])
}

// Capability is the compute capability, e.g. 9 and 0; 0 and 0 where it is not told.
func (g GPU) Capability() (major, minor int) {
	var a, b C.int
	C.nvml_capability(g.d, &a, &b)
	return int(a), int(b)
}

// Sample reads the GPU.
func (g GPU) Sample() GPUSample {
	s := C.nvml_read(g.d)
	return *(*GPUSample)(unsafe.Pointer(&s))
}

// DriverVersion is the driver's own version and the newest CUDA that it serves (13000 for 13.0).
func DriverVersion() (driver string, cuda int, err error) {
	var text [96]C.char
	var v C.int
	if err := nvmlError(C.nvml_driver(&text[0], C.uint(len(text)))); err != nil {
		return "", 0, err
	}
	err = nvmlError(C.nvml_cuda(&v))
	return C.GoString(&text[0]), int(v), err
}

func nvmlError(code C.int) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("nvml: %s", C.GoString(C.nvml_error(code)))
}
