package main

import (
	"os/exec"
	"strings"
	"testing"
)

// completes asks bash for the completions of a line.
func completes(t *testing.T, line ...string) string {
	t.Helper()
	script := `source trainer.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
_trainer trainer "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; echo "${COMPREPLY[@]}"`
	out, err := exec.Command("bash", append([]string{"-c", script, "bash"}, line...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestBashCompletesCommandsFlagsKeysAndFiles(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	s := newSite(t)
	s.write("trainer.bash", s.ok("completion", "bash").stdout)
	for _, c := range []struct{ line, want string }{
		{"trainer tr", "train"}, {"trainer rest", "restore"}, {"trainer train --no", "--no-progress"}, {"trainer train x", "x.yaml"},
		{"trainer train x.yaml --set training.optimizer.l", "training.optimizer.lr="}, {"trainer sweep x.yaml --grid model.bet", "model.beta="},
		{"trainer init s", "sae"}, {"trainer completion f", "fish"}, {"trainer list --wh", "--where"},
	} {
		if got := completes(t, strings.Fields(c.line)...); !strings.Contains(got, c.want) || strings.Contains(got, "unknown") {
			t.Errorf("%s: %q, want %q", c.line, got, c.want)
		}
	}
}

func TestCompletionScriptsKnowEveryCommandAndAreValid(t *testing.T) {
	s := newSite(t)
	for shell, check := range map[string][]string{"bash": {"bash", "-n"}, "zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"}} {
		text := s.ok("completion", shell).stdout
		for _, c := range newApp(nil, nil).Commands {
			if !c.Hidden && !strings.Contains(text, c.Name) {
				t.Errorf("%s does not know %s", shell, c.Name)
			}
		}
		s.write("script", text)
		if _, err := exec.LookPath(check[0]); err != nil {
			continue // not on this machine
		}
		if out, err := exec.Command(check[0], append(check[1:], "script")...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		if r := s.run(args...); r.code != exitMistake || !strings.Contains(r.messages, "expected bash, zsh or fish") {
			t.Errorf("%v: %s", args, r.messages)
		}
	}
}
