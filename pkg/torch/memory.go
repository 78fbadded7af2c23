package torch

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/gotrainer/trainer/cgo"
)

// MemoryInfo is the memory of a device in bytes. Used and Peak count tensors alone.
type MemoryInfo struct {
	Free  int64 // for tensors to come
	Total int64 // of the device
	Used  int64
	Peak  int64 // the most that Used was since BeginPeak
}

// hostLimit is what LimitHostMemory set.
var hostLimit int64

// Memory is the memory of a device as it is now. The host's tensors are counted from
// the first call of Memory, BeginPeak or LimitHostMemory on.
func Memory(d Device) MemoryInfo {
	onEngine()
	var raw [4]int64
	if err := cgo.Memory(int64(d), raw[:]); err != nil {
		fail("memory", err)
	}
	info := MemoryInfo{Free: raw[0], Total: raw[1], Used: raw[2], Peak: raw[3]}
	if d != CPU {
		return info
	}
	info.Free, info.Total = hostMemory()
	if hostLimit > 0 {
		info.Free = min(info.Free, max(hostLimit-info.Used, 0))
	}
	return info
}

// BeginPeak gives back what is kept for later tensors and begins a new peak.
func BeginPeak(d Device) {
	onEngine()
	if err := cgo.BeginPeak(int64(d)); err != nil {
		fail("memory", err)
	}
}

// LimitHostMemory lets the tensors of the host take that many bytes together from now on
// (0 = no limit) and answers the limit before. Beyond it an operation fails with
// OutOfMemory, where the system would end the process.
func LimitHostMemory(bytes int64) (before int64) {
	onEngine()
	if err := cgo.LimitHost(bytes); err != nil {
		fail("memory", err)
	}
	before, hostLimit = hostLimit, bytes
	return before
}

// hostMemory is what the system says it can give, and what it has: the machine's, or its
// container's where that is less.
func hostMemory() (free, total int64) {
	free, total = math.MaxInt64, math.MaxInt64
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		free, total = meminfo(string(text), "MemAvailable", free), meminfo(string(text), "MemTotal", total)
	}
	limit, ok := number("/sys/fs/cgroup/memory.max")
	used, known := number("/sys/fs/cgroup/memory.current")
	if ok && known {
		free, total = min(free, max(limit-used, 0)), min(total, limit)
	}
	return free, total
}

// meminfo is a line of /proc/meminfo in bytes.
func meminfo(text, key string, otherwise int64) int64 {
	_, rest, _ := strings.Cut(text, key+":")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return otherwise
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return otherwise
	}
	return kib << 10
}

// number is a file with one number; ok is false for "max" and where there is none.
func number(path string) (n int64, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

var (
	hostAllocation   = regexp.MustCompile(`you tried to allocate (\d+) bytes`)
	deviceAllocation = regexp.MustCompile(`Tried to allocate ([0-9.]+) (bytes|KiB|MiB|GiB|TiB)`)
)

// asked is the size of the allocation that failed, as libtorch tells it; 0 where it does
// not.
func asked(msg string) int64 {
	if m := hostAllocation.FindStringSubmatch(msg); m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		return n
	}
	if m := deviceAllocation.FindStringSubmatch(msg); m != nil {
		x, _ := strconv.ParseFloat(m[1], 64)
		unit := map[string]float64{"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}[m[2]]
		return int64(x * unit)
	}
	return 0
}
