package train

import (
	"sync"
	"syscall"
)

// hostBlocks are the host memory of a run's snapshots: that of one which was released
// serves the next, so that a run needs one copy of its state. It lies outside Go's
// heap, where a snapshot of a gigabyte would let the collector wait for a gigabyte of
// garbage.
type hostBlocks struct {
	mu     sync.Mutex
	spare  []byte
	closed bool
}

// take is a block of n bytes or more, whose content is anything.
func (m *hostBlocks) take(n int64) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	block := m.spare
	m.spare = nil
	if int64(len(block)) >= n {
		return block
	}
	unmap(block)
	block, err := syscall.Mmap(-1, 0, int(n), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil { // nothing to copy, or no mappings left
		return make([]byte, n)
	}
	largePages(block)
	return block
}

// give takes a block back, which nobody reads any more.
func (m *hostBlocks) give(block []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.spare != nil {
		unmap(block)
		return
	}
	m.spare = block
}

// close frees what is spare now and what is given back later.
func (m *hostBlocks) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	unmap(m.spare)
	m.spare, m.closed = nil, true
}

// unmap frees a block of take; one of Go's own is left to the collector.
func unmap(block []byte) { _ = syscall.Munmap(block) }
