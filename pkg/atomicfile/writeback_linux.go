package atomicfile

import "golang.org/x/sys/unix"

// writebackSize is how much is written before the disk begins with it.
const writebackSize = 8 << 20

// writeBack lets the disk begin with what was written, so that the fsync at the end has
// little left to wait for. It only begins the work: errors come with the fsync.
func (f *File) writeBack(n int) {
	f.written += int64(n)
	if todo := f.written - f.begun; todo >= writebackSize {
		_ = unix.SyncFileRange(int(f.f.Fd()), f.begun, todo, unix.SYNC_FILE_RANGE_WRITE)
		f.begun = f.written
	}
}
