// Compiled kernels are kept in ${XDG_CACHE_HOME:-~/.cache}/trainer/kernels under the hash
// of text, NVRTC's version and architecture; a file that cannot be read or written only
// costs the time to compile.
#include "kernels.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#include <nvrtc.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>

namespace shim {
namespace {

void check(nvrtcResult r, const char *what) { TORCH_CHECK(r == NVRTC_SUCCESS, "nvrtc: ", what, ": ", nvrtcGetErrorString(r)); }

std::string compile(const std::string &text, const std::string &architecture) {
  nvrtcProgram program;
  check(nvrtcCreateProgram(&program, text.c_str(), "kernels.cu", 0, nullptr, nullptr), "create");
  const std::unique_ptr<nvrtcProgram, void (*)(nvrtcProgram *)> owner(&program, [](nvrtcProgram *p) { nvrtcDestroyProgram(p); });
  const std::string arch = "--gpu-architecture=" + architecture;
  const char *options[] = {arch.c_str(), "--std=c++17"};
  if (const nvrtcResult r = nvrtcCompileProgram(program, 2, options); r != NVRTC_SUCCESS) {
    size_t size = 0;
    nvrtcGetProgramLogSize(program, &size);
    std::string log(size, '\0');
    nvrtcGetProgramLog(program, log.data());
    TORCH_CHECK(false, "nvrtc: ", architecture, ": ", nvrtcGetErrorString(r), "\n", log.c_str());
  }
  size_t size = 0;
  check(nvrtcGetCUBINSize(program, &size), "size");
  std::string cubin(size, '\0');
  check(nvrtcGetCUBIN(program, cubin.data()), "cubin");
  return cubin;
}

// FNV-1a, 64 bits.
std::string hash(const std::string &s) {
  uint64_t h = 0xcbf29ce484222325;
  for (const unsigned char c : s) h = (h ^ c) * 0x100000001b3;
  std::ostringstream out;
  out << std::hex << h;
  return out.str();
}

std::filesystem::path cached(const std::string &text, const std::string &architecture) {
  int major = 0, minor = 0;
  check(nvrtcVersion(&major, &minor), "version");
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  std::filesystem::path folder = cache && *cache ? cache : home && *home ? std::string(home) + "/.cache" : "";
  if (folder.empty()) return {};
  const std::string name = architecture + "-nvrtc" + std::to_string(major) + "." + std::to_string(minor) + "-" + hash(text) + ".cubin";
  return folder / "trainer" / "kernels" / name;
}

void keep(const std::filesystem::path &path, const std::string &cubin) {
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  const std::filesystem::path temporary = path.string() + ".tmp." + std::to_string(getpid());
  std::ofstream out(temporary, std::ios::binary);
  out << cubin;
  out.close();
  if (out)
    std::filesystem::rename(temporary, path, ignored);
  else
    std::filesystem::remove(temporary, ignored);
}

// library is the text, loaded. It stays for the life of the process.
cudaLibrary_t library(const char *text) {
  static std::map<std::pair<const char *, int>, cudaLibrary_t> loaded;
  const int device = c10::cuda::current_device();
  cudaLibrary_t &l = loaded[{text, device}];
  if (l) return l;
  int major = 0, minor = 0;
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  const std::string cubin = compiled(text, "sm_" + std::to_string(major * 10 + minor));
  C10_CUDA_CHECK(cudaLibraryLoadData(&l, cubin.data(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  return l;
}

}  // namespace

std::string compiled(const std::string &text, const std::string &architecture) {
  const std::filesystem::path path = cached(text, architecture);
  if (!path.empty()) {
    std::ifstream in(path, std::ios::binary);
    std::string cubin((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (cubin.compare(0, 4, "\177ELF") == 0) return cubin;
  }
  std::string cubin = compile(text, architecture);
  if (!path.empty()) keep(path, cubin);
  return cubin;
}

void launch(const char *text, const char *kernel, int64_t blocks, void **args) {
  if (blocks == 0) return;
  static std::mutex mutex;
  static std::map<std::pair<std::pair<const char *, int>, std::string>, cudaKernel_t> kernels;
  cudaKernel_t f;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    cudaKernel_t &found = kernels[{{text, c10::cuda::current_device()}, kernel}];
    if (!found) C10_CUDA_CHECK(cudaLibraryGetKernel(&found, library(text), kernel));
    f = found;
  }
  const dim3 grid(static_cast<unsigned>(blocks)), block(256);
  C10_CUDA_CHECK(cudaLaunchKernel(reinterpret_cast<const void *>(f), grid, block, args, 0, c10::cuda::getCurrentCUDAStream().stream()));
}

}  // namespace shim
