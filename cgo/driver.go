//go:build cgo && !cpu

package cgo

/*
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  int opened, version, status, devices;
  char message[256];
} trainer_driver;

// The driver's own library, asked without libtorch and without the CUDA runtime.
static trainer_driver trainer_ask_driver(void) {
  trainer_driver d = {0};
  void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!lib) {
    snprintf(d.message, sizeof d.message, "%s", dlerror());
    return d;
  }
  int (*version)(int *) = (int (*)(int *))dlsym(lib, "cuDriverGetVersion");
  int (*init)(unsigned) = (int (*)(unsigned))dlsym(lib, "cuInit");
  int (*count)(int *) = (int (*)(int *))dlsym(lib, "cuDeviceGetCount");
  int (*text)(int, const char **) = (int (*)(int, const char **))dlsym(lib, "cuGetErrorString");
  if (!version || !init || !count) {
    snprintf(d.message, sizeof d.message, "libcuda.so.1 is not a driver's library");
    return d;
  }
  d.opened = 1;
  d.status = version(&d.version);
  if (d.status == 0) d.status = init(0);
  if (d.status == 0) d.status = count(&d.devices);
  const char *words = NULL;
  if (d.status != 0 && (!text || text(d.status, &words) != 0 || !words)) words = "error without a name";
  if (words) snprintf(d.message, sizeof d.message, "%s", words);
  return d;
}
*/
import "C"

// CUDABuild says whether this build can use CUDA; the build tag cpu leaves it out.
const CUDABuild = true

// AskDriver asks the NVIDIA driver of this machine what it has. It loads libcuda.so.1
// and nothing else.
func AskDriver() Driver {
	d := C.trainer_ask_driver()
	return Driver{
		Found: d.opened != 0, Version: int(d.version), Status: int(d.status), Devices: int(d.devices),
		Message: C.GoString(&d.message[0]),
	}
}
