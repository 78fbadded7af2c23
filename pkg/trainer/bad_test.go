package trainer

import (
	"strings"
	"testing"
)

// bad is a mistake of the user, or a failure of what is around the program.
type bad struct {
	name string
	edit []string      // of x.yaml: a text, what stands in its place, …
	prep func(s *site) // makes what the case needs
	args []string      // `train x.yaml` where nothing else is given
	set  []string      // overrides
	code int           // 2 where nothing else is given
	want []string      // the lines on stderr; … stands for any text
	// torch says that the case needs libtorch: what is wrong shows when the model is made.
	torch bool
}

// tryBad runs each case in a folder of its own. What the user reads is exactly the
// lines that are expected, and nothing is made, changed or lost on disk.
func tryBad(t *testing.T, cases []bad) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.torch {
				needTorch(t)
			}
			s := newSite(t)
			s.write("x.yaml", c.config(t))
			if c.prep != nil {
				c.prep(s)
			}
			if c.args == nil {
				c.args = []string{"train", "x.yaml"}
			}
			before := listing(t, s.dir)
			r := s.run(withSet(c.args, c.set)...)
			unchanged(t, before, listing(t, s.dir))
			c.check(t, r)
		})
	}
}

func (c bad) config(t *testing.T) string {
	text := small
	for i := 0; i < len(c.edit); i += 2 {
		if !strings.Contains(text, c.edit[i]) {
			t.Fatalf("x.yaml has no %q", c.edit[i])
		}
		text = strings.Replace(text, c.edit[i], c.edit[i+1], 1)
	}
	return text
}

func (c bad) check(t *testing.T, r result) {
	t.Helper()
	if c.code == 0 {
		c.code = exitMistake
	}
	if r.code != c.code {
		t.Errorf("exit code %d, want %d", r.code, c.code)
	}
	if r.stdout != "" {
		t.Errorf("on stdout: %s", r.stdout)
	}
	lines := strings.Split(strings.TrimSuffix(r.messages, "\n"), "\n")
	if len(lines) != len(c.want) {
		t.Errorf("%d lines, want %d", len(lines), len(c.want))
	}
	for i, want := range c.want {
		if i < len(lines) && !like(lines[i], want) {
			t.Errorf("line %d does not say\n     %s", i+1, want)
		}
	}
	for _, noise := range []string{"goroutine ", "panic", ".go:", "c10::", "at::", "Exception raised", "internal error", "%!"} {
		if strings.Contains(r.messages, noise) {
			t.Errorf("%q is not for users", noise)
		}
	}
	if t.Failed() {
		t.Logf("found\n     %s", strings.Join(lines, "\n     "))
	}
}

// like says whether text is the pattern, in which … stands for any text.
func like(text, pattern string) bool {
	parts := strings.Split(pattern, "…")
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1:] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return text == "" || len(parts) > 1 && parts[len(parts)-1] == ""
}
