package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// lock is a held flock. The file stays when the lock is given up, because a lock
// on a name that was removed excludes nobody; only the process that made the file
// may remove it, while it holds the lock, when it leaves nothing else of that
// name. Whoever locks checks afterwards that the name still is the locked file.
type lock struct {
	f           *os.File
	path        string
	made        bool // this process made the file
	unsupported bool // the file system has no locks
}

// holder is what the lock file says about the process that holds it.
type holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
}

// lockTries bounds the wait for a lock that seems to be on its way to be free: its
// file names a process that is no more, or none yet. With lockPause, 0.5 s.
const (
	lockTries = 50
	lockPause = 10 * time.Millisecond
)

// errBusy is a lock that another holder has.
type errBusy struct{ by holder }

func (errBusy) Error() string { return "locked" }

// acquire takes the lock file at path. The folder must exist (fs.ErrNotExist). check
// is asked about the holder that the file still names, and can refuse.
func acquire(path string, now time.Time, check func(before holder) error) (*lock, error) {
	var by holder
	for range lockTries {
		l, err := openLock(path)
		if err != nil {
			return nil, err
		}
		switch err = flock(l.f); {
		case err == nil && l.named():
			if err := check(l.holder()); err != nil {
				l.f.Close() // what the file says stays
				return nil, err
			}
			return l, l.sign(now)
		case err == nil:
			l.f.Close() // removed by its maker between open and lock
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			by = l.holder()
			l.f.Close()
			if by.alive() {
				return nil, errBusy{by}
			}
			time.Sleep(lockPause)
		case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EOPNOTSUPP):
			l.unsupported = true
			return l, nil
		default:
			l.f.Close()
			return nil, explain("lock", path, err)
		}
	}
	return nil, errBusy{by}
}

func openLock(path string) (*lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			return &lock{f: f, path: path, made: true}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, lockError(path, err)
		}
		f, err = os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			return &lock{f: f, path: path}, nil
		}
		// Not there any more: its maker took it away, or it is a link that leads nowhere.
		info, gone := os.Lstat(path)
		if !errors.Is(err, fs.ErrNotExist) || gone == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, lockError(path, err)
		}
	}
}

// lockError leaves a missing folder recognizable and explains the rest.
func lockError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return explain("write", path, err)
}

func flock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			return err
		}
	}
}

// named says whether the path still leads to the file that is locked.
func (l *lock) named() bool {
	mine, err1 := l.f.Stat()
	there, err2 := os.Stat(l.path)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

// sign writes who holds the lock, for the message of whoever wants it too.
func (l *lock) sign(now time.Time) error {
	host, _ := os.Hostname()
	data, err := json.Marshal(holder{PID: os.Getpid(), Host: host, Started: now.Round(time.Second)})
	if err == nil {
		err = atomicfile.Point("sign", l.path)
	}
	if err == nil {
		err = l.f.Truncate(0)
	}
	if err == nil {
		_, err = l.f.WriteAt(append(data, '\n'), 0)
	}
	return explain("write", l.path, err)
}

func (l *lock) holder() (h holder) {
	data, err := io.ReadAll(io.NewSectionReader(l.f, 0, 4096))
	if err != nil || json.Unmarshal(data, &h) != nil {
		return holder{}
	}
	return h
}

// release gives the lock up; remove takes its file away too, where this process
// made it.
func (l *lock) release(remove bool) {
	if remove && l.made {
		os.Remove(l.path)
	} else {
		l.f.Truncate(0) // so that nobody reads an old process id
	}
	l.f.Close()
}

// alive says whether the process may still live; one on another host may.
func (h holder) alive() bool {
	if h.PID <= 0 {
		return false
	}
	host, err := os.Hostname()
	return err != nil || host != h.Host || !errors.Is(syscall.Kill(h.PID, 0), syscall.ESRCH)
}

// busy is the sentence for the user whose experiment another process has.
func (p place) busy(h holder) error {
	who := "another process"
	if h.PID > 0 {
		who = fmt.Sprintf("process %d on host %s since %s", h.PID, h.Host, h.Started.Local().Format("2006-01-02 15:04:05"))
	}
	return mistake(ErrLocked, "experiment %q in %s is in use by %s; wait until it ends, stop it, or choose another experiment.name",
		p.name, p.base, who)
}

// held says whether some process holds the lock of the experiment now.
func (p place) held() bool {
	f, err := os.Open(p.lockPath())
	if err != nil {
		return false
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) != nil // without locks nobody knows
}

// heldBy says whether the process that trained the run holds the lock, and not one
// that is about to replace it.
func (p place) heldBy(pid int) bool {
	if !p.held() {
		return false
	}
	data, err := os.ReadFile(p.lockPath())
	var h holder
	return err != nil || json.Unmarshal(data, &h) != nil || h.PID == pid
}

func (p place) lockPath() string { return filepath.Join(p.base, "."+p.name+".lock") }
