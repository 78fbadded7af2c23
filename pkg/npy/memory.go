package npy

import (
	"os"
	"strconv"
	"strings"
)

// assumedMemory is used where the system does not say how much it has.
const assumedMemory = 8 << 30

// TotalMemory is the memory in bytes that this process can count on: the
// machine's, or its container's limit where that is lower.
func TotalMemory() int64 {
	total := physicalMemory()
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && limit > 0 {
			total = min(total, limit)
		}
	}
	return total
}
