// Kernels of our own: CUDA C++ text that NVRTC compiles for the device at hand.
#pragma once

#include <cstdint>
#include <string>

namespace shim {

// compiled is the cubin of the text for an architecture as sm_90. It needs no GPU.
std::string compiled(const std::string &text, const std::string &architecture);

// launch runs a kernel of the text with 256 threads in each block, on the current stream
// of the current device. args are the addresses of the kernel's arguments.
void launch(const char *text, const char *kernel, int64_t blocks, void **args);

}  // namespace shim
