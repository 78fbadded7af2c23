package torch

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// PhysicalCores is the number of cores that this process may use, hyper-threads
// counted once, and not more than its CPU quota.
func PhysicalCores() int {
	cores := map[string]bool{}
	for cpu := 0; ; cpu++ {
		path := fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu)
		siblings, err := os.ReadFile(path)
		if err != nil {
			break
		}
		cores[strings.TrimSpace(string(siblings))] = true
	}
	allowed := runtime.GOMAXPROCS(0)
	if len(cores) == 0 || len(cores) > allowed {
		return allowed
	}
	return len(cores)
}
