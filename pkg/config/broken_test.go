package config

import (
	"errors"
	"strings"
	"testing"
)

// The parts of a small config, one line each, so that what follows begins on line 4.
const (
	exp    = "experiment: {name: a, output_dir: out}\n"
	shapes = "data: {source: shapes}\n"
	vae    = "model: {type: vae, latent_dim: 4}\n"
	small  = exp + shapes + vae
)

// broken is a config with mistakes and what the user reads about them.
type broken struct {
	name string
	text string
	set  []string
	env  []string
	want string // lines
}

// checkBroken loads each config, as the kind given, and compares the whole message.
func checkBroken(t *testing.T, kind string, cases []broken) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := testOptions(c.env...)
			o.Set = c.set
			var err error
			if kind == KindInfer {
				_, _, err = ParseInfer("c.yaml", []byte(c.text), o)
			} else {
				_, _, err = ParseTrain("c.yaml", []byte(c.text), o)
			}
			if err == nil {
				t.Fatalf("no problem found, want:\n%s", c.want)
			}
			var user interface{ UserError() bool }
			if !errors.As(err, &user) || !user.UserError() {
				t.Errorf("%T is not the user's mistake", err)
			}
			if got, want := err.Error(), strings.TrimSpace(c.want); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
