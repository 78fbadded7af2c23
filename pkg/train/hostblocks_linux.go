package train

import "golang.org/x/sys/unix"

// largePages asks for pages of 2 MB: to touch a gigabyte for the first time in pages of
// 4 KB can take seconds. A kernel that has none goes on with small ones.
func largePages(block []byte) { _ = unix.Madvise(block, unix.MADV_HUGEPAGE) }
