//go:build !linux

package atomicfile

func (f *File) writeBack(int) {}
