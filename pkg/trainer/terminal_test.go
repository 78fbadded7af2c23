package trainer

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/internal/vt"
)

// window is a terminal in which a command runs.
type window struct {
	*vt.Screen
	master *os.File
	raw    bytes.Buffer
}

// resize changes the size of the window; the command gets SIGWINCH.
func (w *window) resize(t *testing.T, width, height int) {
	t.Helper()
	w.Resize(width, height)
	if err := unix.IoctlSetWinsize(int(w.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(width), Row: uint16(height)}); err != nil {
		t.Fatal(err)
	}
}

// frame says whether what was shown last is a whole block.
func (w *window) frame() bool { return bytes.HasSuffix(w.raw.Bytes(), []byte("\x1b[1A")) }

// onTerminal runs a command of the built program whose stderr is a terminal, which is
// also its controlling one; seen is called after each piece of output, and may be nil.
func onTerminal(t *testing.T, cmd *exec.Cmd, width int, seen func(w *window)) *window {
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
	w := &window{Screen: vt.New(width, 24, true), master: master}
	w.resize(t, width, 24)
	cmd.Stderr, cmd.SysProcAttr = terminal, &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	err = cmd.Start()
	terminal.Close()
	if err != nil {
		t.Fatal(err)
	}
	for piece := make([]byte, 1<<16); ; {
		n, err := master.Read(piece)
		w.raw.Write(piece[:n])
		w.Write(piece[:n])
		if err != nil {
			break // EIO: nobody has the terminal any more
		}
		if seen != nil {
			seen(w)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, w.Text())
	}
	return w
}

func TestProgressIsLiveOnATerminalOnly(t *testing.T) {
	const live, color, epoch = "\x1b[J", "\x1b[32m", "epoch 1/1"
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
			text := onTerminal(t, cmd, 80, nil).raw.String()
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

// A person makes the window narrow and wide while a run trains in it. At the end the
// lines of all epochs stand there as in the log, and nothing is left of the live block.
func TestResizedTerminalKeepsTheLinesOfAllEpochs(t *testing.T) {
	newTorchSite(t)
	cmd := process(t, built, "train", "x.yaml", "--set", "training.epochs=12", "--set", "data.count=4096")
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	widths := map[string]int{"epoch  2/12  step": 40, "epoch  4/12  step": 200, "epoch  6/12  step": 57, "epoch  9/12  step": 80}
	frames := 0
	w := onTerminal(t, cmd, 80, func(w *window) {
		for line, width := range widths {
			if strings.Contains(w.raw.String(), line) {
				delete(widths, line)
				w.resize(t, width, 24)
			}
		}
		if !w.frame() {
			return
		}
		frames++
		if rows := slices.DeleteFunc(w.Rows(), func(row string) bool { return !strings.Contains(row, "%") }); len(rows) > 1 {
			t.Errorf("more than one live block is seen:\n%s", w.Text())
		}
	})
	if frames < 3 || len(widths) > 0 {
		t.Errorf("%d live blocks were seen, and the sizes %v were not set", frames, widths)
	}
	log, err := os.ReadFile(filepath.Join("runs", "a", "logs", "training.log"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, line := range strings.Split(string(log), "\n") {
		if _, text, ok := strings.Cut(line, "  epoch "); ok {
			want = append(want, "epoch "+text)
		}
	}
	joined := strings.ReplaceAll(strings.Join(w.Lines(), "\n"), "\n  ", "  ") // a line that was broken before a part
	got := strings.Split(joined, "\n")[:len(want)]
	if len(want) != 12 || !slices.Equal(got, want) {
		t.Errorf("the terminal has\n%s\nthe log has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(joined, "ETA") {
		t.Errorf("something of the live block is left:\n%s", w.Text())
	}
}
