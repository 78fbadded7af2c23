package config

import (
	"fmt"
	"regexp"
	"strings"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// hasReference reports whether a value names an environment variable.
func hasReference(s string) bool { return strings.Contains(s, "${") }

// resolve replaces ${VAR} and ${VAR:-default} in s; $${ stands for a plain ${. The
// default also takes the place of an empty variable, as in a shell. used reports
// whether a reference was there; problem is a sentence, empty where all went well.
func resolve(s string, env func(string) (string, bool)) (out string, used bool, problem string) {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			b.WriteString(s)
			return b.String(), used, ""
		}
		if i > 0 && s[i-1] == '$' {
			b.WriteString(s[:i-1] + "${")
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		inner, rest, closed := strings.Cut(s[i+2:], "}")
		name, def, hasDef := strings.Cut(inner, ":-")
		if !closed || !envName.MatchString(name) {
			return "", true, fmt.Sprintf("found %q, expected ${VAR} or ${VAR:-default} (write $${ for a plain ${)", shorten(s[i:], 40))
		}
		value, set := env(name)
		switch {
		case hasDef && value == "":
			value = def
		case !set:
			return "", true, fmt.Sprintf("the environment variable %s is not set; set it, or write ${%s:-default}", name, name)
		}
		b.WriteString(value)
		used, s = true, rest
	}
}
