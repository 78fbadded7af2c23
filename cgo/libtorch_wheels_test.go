package cgo_test

import (
	"archive/zip"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// makeWheels writes small wheels that look like PyTorch's: torch needs cuDNN's wheel and
// cuda-toolkit, which brings nvidia-cuda-runtime, in which the library cudart lies, and
// others. It returns their folder.
func makeWheels(t *testing.T, cudart string) string {
	t.Helper()
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		t.Skip("the wheels of this test are for Linux on x86_64")
	}
	libs := makeLibraries(t)
	dir := t.TempDir()
	torch := map[string]string{
		"torch/include/ATen/ATen.h":   "#pragma once\n",
		"torch/version.py":            "__version__ = '2.15.0+cu132'\n",
		"torch/lib/libtorch_cuda.so":  libs["libtorch_cuda.so"],
		"torch/lib/libc10_cuda.so":    libs["libc10_cuda.so"],
		"torch/lib/libtorch_cpu.so":   libs["libtorch_cpu.so"],
		"torch/lib/libc10.so":         libs["libc10.so"],
		"torch/lib/libgomp.so.1":      libs["libgomp.so.1"],
		"torch/lib/libtorch.so":       "not needed",
		"torch/bin/torch_shm_manager": "not needed",
	}
	writeWheel(t, dir, "torch", "2.15.0", "cp311-cp311-manylinux_2_28_x86_64", torch,
		`Requires-Dist: sympy>=1.13`, `Requires-Dist: cuda-toolkit[cublas,cudart]==13.2.2; platform_system == "Linux"`,
		`Requires-Dist: nvidia-cudnn-cu13==9.26; platform_system == "Linux"`)
	writeWheel(t, dir, "cuda_toolkit", "13.2.2", "py2.py3-none-any", nil,
		"Provides-Extra: cudart", "Provides-Extra: cublas", "Provides-Extra: crt",
		"Requires-Dist: nvidia-cuda-runtime==13.2.86.*; extra == 'cudart'", "Requires-Dist: nvidia-cublas; extra == 'cublas'",
		"Requires-Dist: nvidia-cuda-crt==13.2.86.*; extra == 'crt'")
	const tag = "py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64"
	writeWheel(t, dir, "nvidia_cublas", "13.4", tag, map[string]string{
		"nvidia/cu13/lib/libcublas.so.13": libs["libcublas.so.13"], "nvidia/cu13/include/cublas_v2.h": ""})
	writeWheel(t, dir, "nvidia_cudnn_cu13", "9.26", tag, map[string]string{
		"nvidia/cudnn/lib/libcudnn.so.9": libs["libcudnn.so.9"], "nvidia/cudnn/lib/libcudnn_ops.so.9": libs["libgomp.so.1"],
		"nvidia/cudnn/include/cudnn.h": "not needed"})
	writeWheel(t, dir, "nvidia_cuda_crt", "13.2.86", tag, map[string]string{"nvidia/cu13/include/crt/host_defines.h": ""})
	writeWheel(t, dir, "nvidia_cuda_runtime", "13.2.86", tag,
		map[string]string{"nvidia/cu13/lib/" + cudart: libs["libcudart.so.13"], "nvidia/cu13/lib/libother.so": "not needed",
			"nvidia/cu13/include/cuda_runtime_api.h": ""})
	return dir
}

// makeLibraries links empty libraries that need one another as libtorch's do.
func makeLibraries(t *testing.T) map[string]string {
	t.Helper()
	for _, tool := range []string{"cc", "readelf"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "empty.c"), "int empty;\n")
	libs := map[string]string{}
	for _, l := range [][]string{
		{"libcudart.so.13"}, {"libc10.so"}, {"libgomp.so.1"},
		{"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13"},
		{"libc10_cuda.so", "libc10.so", "libcudart.so.13"}, {"libcublas.so.13"}, {"libcudnn.so.9"},
		{"libtorch_cuda.so", "libc10_cuda.so", "libtorch_cpu.so", "libcublas.so.13", "libcudnn.so.9"},
	} {
		args := append([]string{"-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN",
			"-Wl,-soname," + l[0], "-o", l[0], "empty.c"}, l[1:]...)
		c := exec.Command("cc", args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("link %s: %v\n%s", l[0], err, out)
		}
		data, err := os.ReadFile(filepath.Join(dir, l[0]))
		if err != nil {
			t.Fatal(err)
		}
		libs[l[0]] = string(data)
	}
	return libs
}

func writeWheel(t *testing.T, dir, name, version, tag string, files map[string]string, metadata ...string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, name+"-"+version+"-"+tag+".whl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info := name + "-" + version + ".dist-info/"
	all := map[string]string{
		info + "WHEEL":  "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: " + tag + "\n",
		info + "RECORD": "",
		info + "METADATA": strings.Join(append([]string{"Metadata-Version: 2.1",
			"Name: " + strings.ReplaceAll(name, "_", "-"), "Version: " + version}, metadata...), "\n") + "\n",
	}
	maps.Copy(all, files)
	z := zip.NewWriter(f)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		w, err := z.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(all[path])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
