// What the op table calls beyond ATen itself, by topic: tensor.cc, random.cc, optim.cc, sparse.cc,
// codebook.cc, copy.cc, memory.cc, fused_*.cc, mixture.cc, scale_grad.cc, amp.cc, script.cc, process.cc, profile.cc,
// and for a GPU cuda/.
#pragma once

#include "guard.h"

#include <ATen/core/grad_mode.h>

namespace shim {

// -1 is the CPU, n >= 0 is cuda:n.
at::Device device_of(int64_t code);
int64_t device_code(const at::Device &device);
at::TensorOptions options(int64_t dtype, int64_t device);

at::Tensor from_bytes(const Ints &shape, int64_t dtype, int64_t device, const Span &data);
void copy_out(const at::Tensor &a, const Span &dst);
void copy_in(const at::Tensor &a, const Span &src);
void sizes(const at::Tensor &a, const Ints &out);
void zero_grads(const Tensors &ts);
int64_t grad_mode(bool on);

at::Tensor get_rng(int64_t cuda);
void set_rng(int64_t cuda, const at::Tensor &state);
at::Generator new_generator(int64_t seed, int64_t device);
void uniform_(at::Tensor a, double low, double high);
void normal_(at::Tensor a, double mean, double std);

void adam_step(bool decoupled, const Tensors &params, const Tensors &m, const Tensors &v, at::Tensor step, const at::Tensor &lr,
               double beta1, double beta2, double eps, double decay, const at::Tensor &found_inf);
void sgd_step(const Tensors &params, const Tensors &momenta, const at::Tensor &lr, double momentum, double dampening, double decay,
              bool nesterov, bool first, const at::Tensor &found_inf);
void defer_products(const Tensors &params);
at::Tensor clip_grad_norm(const Tensors &params, double max_norm);

std::tuple<at::Tensor, at::Tensor> sparse_encode(const at::Tensor &x, const at::Tensor &b_dec, const at::Tensor &w_enc,
                                                 const at::Tensor &b_enc, int64_t k, const at::Tensor &keep, int64_t k_aux);
at::Tensor sparse_decode(const at::Tensor &values, const at::Tensor &latents, const at::Tensor &w_dec, const at::Tensor &b_dec);
void count_silent_(at::Tensor silent, const at::Tensor &values, const at::Tensor &latents);
void project_rows_(at::Tensor g, const at::Tensor &w);
void unit_rows_(at::Tensor w, double eps);
int64_t sparse_kernels(int64_t which);
at::Tensor nearest_rows(const at::Tensor &a, const at::Tensor &b);
int64_t compile_kernels(int64_t architecture);

// Lanes: a host buffer, its copy on a device, and the order of what happens to them.
at::Tensor host_empty(const Ints &shape, int64_t dtype, bool pinned);
int64_t address(const at::Tensor &a);
th_handle *new_lane(int64_t device);
void send(th_handle *lane, const at::Tensor &dst, const at::Tensor &src);
void await_arrival(th_handle *lane);
void mark_used(th_handle *lane);

void limit_host(int64_t bytes);
void memory_of(int64_t device, const Ints &out);  // free, total, used by tensors, peak of these
void begin_peak(int64_t device);

// Functions with a backward of their own on the CPU (fused_*.cc).
at::Tensor linear(const at::Tensor &x, const at::Tensor &center, const at::Tensor &weight, const at::Tensor &bias, bool relu);
at::Tensor bernoulli_nll(const at::Tensor &logits, const at::Tensor &x);
at::Tensor gaussian_nll(const at::Tensor &mean, const at::Tensor &x);
std::pair<at::Tensor, at::Tensor> normal_posterior(const at::Tensor &mu, const at::Tensor &logvar, const at::Tensor &eps, double low,
                                                   double high);
// With a backward of their own everywhere (mixture.cc, scale_grad.cc).
std::pair<at::Tensor, at::Tensor> normal_mixture(const at::Tensor &z, const at::Tensor &mu, const at::Tensor &logvar, const at::Tensor &logw);
at::Tensor scale_grad(const at::Tensor &a, const at::Tensor &factor);
at::Tensor positive_counts(const at::Tensor &a);
at::Tensor mean_of(const at::Tensor &a);
at::Tensor non_finite(const at::Tensor &a);
void meter_add(at::Tensor sums, const Tensors &values, const at::Tensor &skip);

th_handle *load_script(const Span &content, int64_t dtype, int64_t device);
int64_t script_names(th_handle *script, const Span &out);
at::Tensor script_tensor(th_handle *script, int64_t i);
at::Tensor script_forward(th_handle *script, const at::Tensor &x, bool training);

th_handle *autocast(int64_t device, int64_t dtype);
void unscale_grads(const Tensors &params, const at::Tensor &scale, at::Tensor found_inf);

void set_threads(int64_t n);
int64_t threads();
void deterministic(bool on);
void tf32(bool on);
int64_t version();
int64_t describe(const Span &out);

void profile_start(bool cuda);
void profile_stop(const Span &path);

// Below: written in cuda/ for the CUDA shim, and in cpu/, where all but the first two throw.
int64_t cuda_devices();
int64_t cuda_version();
int64_t cuda_device(int64_t index, const Ints &numbers, const Span &name);
void use_device(int64_t device);
th_handle *begin_capture();
void end_capture(th_handle *capture);
void abandon_capture(th_handle *capture);
void replay(th_handle *graph);

}  // namespace shim
