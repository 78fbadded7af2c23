package npy

import (
	"fmt"
	"math"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// mapping is a file whose pages are the array's memory. The file stays open, so
// that a change can be noticed.
type mapping struct {
	file    *os.File
	memory  []byte
	end     int64 // bytes of the file that belong to the array
	modTime atomic.Int64
}

// loadMapped maps the first end bytes of the file.
func (a *Array) loadMapped(file *os.File, end int64) error {
	if end > math.MaxInt {
		return bad("the array is too large for this machine's address space (%d bytes)", end)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if a.digest, err = fingerprint(file, end); err != nil {
		return err
	}
	memory, err := unix.Mmap(int(file.Fd()), 0, int(end), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map: %w", err)
	}
	a.mapped = &mapping{file: file, memory: memory, end: end}
	a.mapped.modTime.Store(info.ModTime().UnixNano())
	a.data = memory[a.header.DataOffset:]
	return nil
}

// unchanged is asked after each copy. A file that was cut shows in its size (the
// rest of its last page reads as zeros, without a fault); one that was written to
// shows in its time, and is then compared by fingerprint, so that a mere touch
// does no harm.
func (a *Array) unchanged() error {
	m := a.mapped
	info, err := m.file.Stat()
	if err != nil {
		return fmt.Errorf("read %s: %w", a.path, err)
	}
	if info.Size() < m.end {
		return &ChangedError{Path: a.path, Msg: fmt.Sprintf("the file was cut to %d bytes while it was in use, the array needs %d; restore it and resume", info.Size(), m.end)}
	}
	modTime := info.ModTime().UnixNano()
	if modTime == m.modTime.Load() {
		return nil
	}
	digest, err := fingerprint(m.file, m.end)
	if err != nil || digest != a.digest {
		return &ChangedError{Path: a.path, Msg: "the file was written to while it was in use; restore it and resume, or start again when it is complete"}
	}
	m.modTime.Store(modTime)
	return nil
}

// WillNeed asks the system to read rows of a mapped file, from and to excluded, before
// they are asked for. It does not wait, and nothing depends on it.
func (a *Array) WillNeed(from, to int64) {
	from, to = max(from, 0), min(to, a.Rows())
	if a.mapped == nil || from >= to {
		return
	}
	stride := int64(a.row) * a.header.ItemSize()
	page := int64(os.Getpagesize())
	begin := (a.header.DataOffset + from*stride) / page * page
	end := min(a.header.DataOffset+to*stride, a.mapped.end)
	_ = unix.Madvise(a.mapped.memory[begin:end], unix.MADV_WILLNEED) // advice alone: the rows are read without it too
}

func (m *mapping) close() error {
	if m.memory == nil {
		return nil
	}
	memory := m.memory
	m.memory = nil
	if err := unix.Munmap(memory); err != nil {
		return fmt.Errorf("unmap %s: %w", m.file.Name(), err)
	}
	return m.file.Close()
}
