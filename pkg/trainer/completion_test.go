package trainer

import (
	"os"
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
	for line, want := range asked {
		if got := completes(t, strings.Fields(line)...); !strings.Contains(got, want) || strings.Contains(got, "unknown") {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// asked are lines, and what a shell must complete each to.
var asked = map[string]string{
	"trainer tr": "train", "trainer rest": "restore", "trainer train --no": "--no-progress", "trainer train x": "x.yaml",
	"trainer train x.yaml --set training.optimizer.l": "training.optimizer.lr=", "trainer sweep x.yaml --grid model.bet": "model.beta=",
	"trainer init s": "sae", "trainer completion f": "fish", "trainer list --wh": "--where", "trainer validate --ti": "--time",
}

func TestFishCompletesCommandsFlagsKeysAndFiles(t *testing.T) {
	if _, err := exec.LookPath("fish"); err != nil {
		t.Skip(err)
	}
	s := newSite(t)
	s.write("trainer.fish", s.ok("completion", "fish").stdout)
	for line, want := range asked {
		out, err := exec.Command("fish", "--no-config", "-c", "source trainer.fish; complete -C '"+line+"'").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if !strings.HasPrefix(string(out), want) && !strings.Contains(string(out), "\n"+want) {
			t.Errorf("%s: %q, want %q", line, out, want)
		}
	}
}

// zshCompletes types a line and a tab into a zsh of its own, whose completion system
// writes what it offers into a file.
const zshCompletes = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PROMPT=; fpath=($PWD/fun $fpath); autoload -Uz compinit; compinit -u -D
compadd() {
  builtin compadd "$@"; local code=$?
  [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && return $code
  local -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >> offered
  return $code
}
bindkey "^I" complete-word; done-widget() { : > ready }; zle -N done-widget; bindkey "^X" done-widget; : > begun'
for n in {1..200}; do [[ -e begun ]] && break; sleep 0.05; done
zpty -n -w z "$1"$'\t'$'\x18'
for n in {1..200}; do [[ -e ready ]] && break; sleep 0.05; zpty -r -t z ignored; done
zpty -d z
cat offered`

func TestZshCompletesCommandsFlagsKeysAndFiles(t *testing.T) {
	if _, err := exec.LookPath("zsh"); err != nil {
		t.Skip(err)
	}
	s := newSite(t)
	s.write("fun/_trainer", s.ok("completion", "zsh").stdout)
	for line, want := range asked {
		for _, name := range []string{"offered", "begun", "ready"} {
			os.Remove(name)
		}
		out, err := exec.Command("zsh", "-f", "-c", zshCompletes, "zsh", line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		if want = strings.TrimSuffix(want, "="); !strings.Contains("\n"+string(out), "\n"+want) {
			t.Errorf("%s: %q, want %q", line, out, want)
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
