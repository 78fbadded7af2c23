//go:build cgo

package cgo

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include "shim.h"

const th_api *trainer_api;

static const char *trainer_open(const char *path) {
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!lib) return dlerror();
  th_table_fn table = (th_table_fn)dlsym(lib, "trainer_table");
  if (!table) return dlerror();
  trainer_api = table();
  return NULL;
}

static void trainer_keep_memory(void) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
}

static uint64_t trainer_hash(void) { return trainer_api->hash; }
static void trainer_free_error(th_error *e) { trainer_api->free_error(e); }
static void trainer_free_tensors(th_tensor *const *t, int64_t n) { trainer_api->free_tensors(t, n); }
static void trainer_free_generator(th_generator *g) { trainer_api->free_generator(g); }
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Available says whether this build can load libtorch at all.
const Available = true

// Load opens the shim at path and with it libtorch. It may be called once.
func Load(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	if msg := C.trainer_open(p); msg != nil {
		return fmt.Errorf("load %s: %s", path, C.GoString(msg))
	}
	if uint64(C.trainer_hash()) != tableHash {
		return fmt.Errorf("load %s: it was built from another version of the source; run `make build`", path)
	}
	return nil
}

// Setenv sets a variable in the environment that libtorch reads when it is loaded;
// os.Setenv would change Go's copy only after libc has been initialised.
func Setenv(key, value string) {
	k, v := C.CString(key), C.CString(value)
	defer C.free(unsafe.Pointer(k))
	defer C.free(unsafe.Pointer(v))
	C.setenv(k, v, 1)
}

// KeepMemory tells malloc to keep up to 1 GB of what is freed, in one arena: a training
// step frees and asks for the same large blocks again, and each fresh page is a fault
// (a third of the time of a small step on one thread; make bench).
func KeepMemory() { C.trainer_keep_memory() }

// FreeTensors frees the handles; nil ones are passed over.
func FreeTensors(ts []Tensor) {
	if len(ts) > 0 {
		C.trainer_free_tensors((**C.th_tensor)(unsafe.Pointer(unsafe.SliceData(ts))), C.int64_t(len(ts)))
	}
}

// FreeGenerator frees a handle made by NewGenerator.
func FreeGenerator(g Generator) { C.trainer_free_generator((*C.th_generator)(g)) }

func takeError(e *C.th_error) error {
	if e == nil {
		return nil
	}
	defer C.trainer_free_error(e)
	return &Error{Kind: Kind(e.kind), Message: C.GoString(e.message)}
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
