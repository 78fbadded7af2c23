package mlflow

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/pkg/track"
)

// machine reads Linux's own counters. What cannot be read is left out.
type machine struct {
	busy, total       float64 // processor time until the last sample
	received, written float64 // network bytes when the run began
}

func newMachine() *machine {
	m := &machine{}
	m.busy, m.total = processorTime()
	m.received, m.written = networkBytes()
	return m
}

// sample is the state now: the processors since the last sample, the network since the
// beginning.
func (m *machine) sample() (values []track.Value) {
	add := func(name string, x float64) {
		values = append(values, track.Value{Name: "system/" + name, Value: x})
	}
	if busy, total := processorTime(); total > m.total {
		add("cpu_utilization_percentage", 100*(busy-m.busy)/(total-m.total))
		m.busy, m.total = busy, total
	}
	memory := table("/proc/meminfo", ":")
	if total, ok := firstNumber(memory["MemTotal"]); ok && total > 0 {
		free, _ := firstNumber(memory["MemAvailable"])
		add("system_memory_usage_megabytes", (total-free)*1024/1e6)
		add("system_memory_usage_percentage", 100*(total-free)/total)
	}
	var disk unix.Statfs_t
	if unix.Statfs("/", &disk) == nil && disk.Blocks > 0 {
		used, free := float64(disk.Blocks-disk.Bfree), float64(disk.Bavail)
		size := float64(disk.Bsize)
		add("disk_usage_percentage", 100*used/(used+free))
		add("disk_usage_megabytes", used*size/1e6)
		add("disk_available_megabytes", free*size/1e6)
	}
	received, written := networkBytes()
	add("network_receive_megabytes", (received-m.received)/1e6)
	add("network_transmit_megabytes", (written-m.written)/1e6)
	return values
}

// processorTime is the time of all processors since the machine started, in ticks.
func processorTime() (busy, total float64) {
	fields := strings.Fields(table("/proc/stat", " ")["cpu"])
	for i, f := range fields[:min(len(fields), 8)] { // guest time is within user time
		x, _ := strconv.ParseFloat(f, 64)
		total += x
		if i != 3 && i != 4 { // idle, iowait
			busy += x
		}
	}
	return busy, total
}

// networkBytes are the bytes through all network devices.
func networkBytes() (received, written float64) {
	data, _ := os.ReadFile("/proc/net/dev")
	for line := range strings.Lines(string(data)) {
		_, counts, _ := strings.Cut(line, ":")
		fields := strings.Fields(counts)
		if len(fields) < 9 {
			continue
		}
		r, _ := strconv.ParseFloat(fields[0], 64)
		w, _ := strconv.ParseFloat(fields[8], 64)
		received, written = received+r, written+w
	}
	return received, written
}

// table reads a file of /proc whose lines are a name, a separator and the rest.
func table(path, separator string) map[string]string {
	data, _ := os.ReadFile(path)
	rows := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if name, rest, ok := strings.Cut(strings.TrimSpace(line), separator); ok {
			rows[name] = rest
		}
	}
	return rows
}

// firstNumber is the first number of a text.
func firstNumber(text string) (float64, bool) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return 0, false
	}
	x, err := strconv.ParseFloat(fields[0], 64)
	return x, err == nil
}
