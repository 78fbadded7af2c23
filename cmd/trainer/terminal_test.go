package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs a command of the built program whose stderr is a terminal, and
// answers what is written there.
func onTerminal(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = terminal
	err = cmd.Start()
	terminal.Close()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(master) // ends with EIO when nobody has the terminal any more
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return string(text)
}

func TestProgressIsLiveOnATerminalOnly(t *testing.T) {
	const live, color, epoch = "\x1b[K", "\x1b[32m", "epoch 1/1"
	for _, c := range []struct {
		args, env   string
		shows, lack []string
	}{
		{shows: []string{live, color, epoch}},
		{env: "NO_COLOR=1", shows: []string{live, epoch}, lack: []string{color}},
		{env: "TERM=dumb", shows: []string{epoch}, lack: []string{live, color}},
		{args: "--no-progress", shows: []string{epoch}, lack: []string{live}},
		{args: "-q", lack: []string{live, epoch}},
	} {
		t.Run(c.args+c.env, func(t *testing.T) {
			newTorchSite(t)
			cmd := process(t, built, append([]string{"train", "x.yaml"}, strings.Fields(c.args)...)...)
			cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=", c.env)
			text := onTerminal(t, cmd)
			for _, part := range c.shows {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in %q", part, text)
				}
			}
			for _, part := range c.lack {
				if strings.Contains(text, part) {
					t.Errorf("%q in %q", part, text)
				}
			}
		})
	}
}
