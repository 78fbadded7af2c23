package experiment

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mounted puts a small file system on the folder BASE, for this process alone.
func mounted(flags uintptr, options string) string {
	base := os.Getenv("BASE")
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if err == nil {
		err = unix.Mount("tmpfs", base, "tmpfs", flags, options)
	}
	if err != nil {
		fmt.Println("mount:", err)
		os.Exit(3)
	}
	return base
}

func onReadOnlyDisk() {
	base := mounted(unix.MS_RDONLY, "")
	_, err := Begin(options(filepath.Join(base, "experiments", "vae"), Overwrite))
	fmt.Println(err)
	_, err = Begin(options(base, Overwrite))
	fmt.Println(err)
	var user *Error
	fmt.Println(errors.As(err, &user))
}

func onFullDisk() {
	base := mounted(0, "size=16k")
	fill := make([]byte, 16<<10)
	os.WriteFile(filepath.Join(base, "fill"), fill, 0o644) // ends with an error: the disk is full
	_, err := Begin(options(filepath.Join(base, "experiments"), Overwrite))
	fmt.Println(err)
	var user *Error
	fmt.Println(errors.As(err, &user))
	entries, err := os.ReadDir(base)
	fmt.Println(len(entries), err)
}

// inMount runs the role in a mount namespace of its own and gives its lines.
func inMount(t *testing.T, role string) []string {
	t.Helper()
	cmd := child(t, role, t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || exit != nil && exit.ExitCode() == 3 {
		t.Skipf("this system mounts nothing for tests: %v %s", err, out)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestReadOnlyDiskIsAMistakeOfTheUser(t *testing.T) {
	lines := inMount(t, "readonly")
	if len(lines) != 3 || !strings.Contains(lines[0], "experiments") || lines[2] != "true" {
		t.Fatalf("said %q, want two sentences, a mistake of the user's", lines)
	}
	for _, line := range lines[:2] {
		if !strings.HasSuffix(line, "the file system is read-only; choose another experiment.output_dir") {
			t.Errorf("said %q", line)
		}
	}
}

func TestFullDiskIsASentenceAndLeavesNothing(t *testing.T) {
	lines := inMount(t, "full")
	if len(lines) != 3 || !strings.Contains(lines[0], "no space left on device") || !strings.Contains(lines[0], "; free some space or choose another") {
		t.Fatalf("said %q, want a sentence about space", lines)
	}
	if lines[1] != "false" || lines[2] != "1 <nil>" {
		t.Errorf("user's mistake %s, entries left %s; want false and the one file of before", lines[1], lines[2])
	}
}
