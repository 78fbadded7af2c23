//go:build cpu || !cgo

package cgo

// CUDABuild says whether this build can use CUDA; the build tag cpu leaves it out.
const CUDABuild = false

// AskDriver finds nothing in this build, which looks for no driver.
func AskDriver() Driver { return Driver{Message: "built without CUDA"} }
