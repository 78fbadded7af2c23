/* The C border between Go and libtorch: opaque handles, results by value, errors
 * as return values. Plain C11; the functions themselves are in ops_gen.h, made
 * from ops.tbl. */
#ifndef TRAINER_SHIM_H
#define TRAINER_SHIM_H

#include <stdint.h>

typedef struct th_tensor th_tensor;
typedef struct th_generator th_generator;
typedef struct th_handle th_handle; /* a graph, a lane, a guard */

enum { TH_OTHER = 0, TH_SHAPE = 1, TH_DEVICE = 2, TH_MEMORY = 3, TH_DTYPE = 4 };

/* Null means success. The receiver frees it with free_error. */
typedef struct {
  int kind;
  char *message;
} th_error;

/* What a function gives back: its error, and its result where that is null. */
typedef struct { th_error *err; } th_nothing;
typedef struct { th_error *err; th_tensor *out; } th_one;
typedef struct { th_error *err; th_tensor *out, *second; } th_two;
typedef struct { th_error *err; int64_t out; } th_int;
typedef struct { th_error *err; double out; } th_float;
typedef struct { th_error *err; th_generator *out; } th_gen;
typedef struct { th_error *err; th_handle *out; } th_held;

#include "ops_gen.h"

/* The one symbol that the loader looks up. */
typedef const th_api *(*th_table_fn)(void);

#endif
