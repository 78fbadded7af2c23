//go:build !linux

package train

func largePages([]byte) {}
