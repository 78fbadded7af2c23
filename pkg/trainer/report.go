package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/train"
)

// Exit codes; they are in the help of the program.
const (
	exitDone       = 0
	exitFailed     = 1
	exitMistake    = 2
	exitInterrupt  = 130
	exitTerminated = 143
)

func exitCode(err error, terminated bool) int {
	switch {
	case err == nil:
		return exitDone
	case interrupted(err) && terminated:
		return exitTerminated
	case interrupted(err):
		return exitInterrupt
	case isMistake(err):
		return exitMistake
	}
	return exitFailed
}

func interrupted(err error) bool {
	return errors.Is(err, train.ErrInterrupted) || errors.Is(err, context.Canceled)
}

// isMistake says whether the user can mend it: exit code 2.
func isMistake(err error) bool {
	var user interface{ UserError() bool }
	return errors.As(err, &user) && user.UserError()
}

// tell prints an error, one line a problem. Problems of a config begin with their
// file and line, as editors know it; all else begins with the program's name.
func tell(w io.Writer, err error) {
	var several problems
	if errors.As(err, &several) {
		for _, one := range several {
			tell(w, one)
		}
		return
	}
	if errors.Is(err, context.Canceled) {
		err = train.ErrInterrupted // by the user, wherever it was noticed
	} else if err.Error() == train.ErrInterrupted.Error() {
		return // the run has told where it stopped
	}
	prefix := "trainer: "
	var inConfig *config.Error
	var place *located
	if errors.As(err, &place) || errors.As(err, &inConfig) && inConfig.Error() == err.Error() {
		prefix = ""
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(w, prefix+strings.TrimRight(line, "\n"))
	}
}

// tellBug prints a panic, which is an error of the program, in one line; with
// TRAINER_TRACE set, where it came from too.
func tellBug(w io.Writer, p any) {
	first, rest, _ := strings.Cut(fmt.Sprint(p), "\n")
	fmt.Fprintf(w, "trainer: internal error: %s; this is a bug of trainer: please report it, with what TRAINER_TRACE=1 prints\n", first)
	if os.Getenv("TRAINER_TRACE") != "" {
		fmt.Fprintln(w, rest)
	}
}

// mistake is an error of the command line.
type mistake string

func (m mistake) Error() string   { return string(m) }
func (m mistake) UserError() bool { return true }

func mistakef(format string, args ...any) error { return mistake(fmt.Sprintf(format, args...)) }

// userError is an error from below that is the user's to mend.
type userError struct{ err error }

func (u *userError) Error() string   { return u.err.Error() }
func (u *userError) Unwrap() error   { return u.err }
func (u *userError) UserError() bool { return true }

// located is a mistake about a key of a config, with the key's place.
type located struct {
	place string // "configs/x.yaml:12:3"
	err   error
}

func (l *located) Error() string { return l.place + ": " + l.err.Error() }
func (l *located) Unwrap() error { return l.err }

var keyFirst = regexp.MustCompile(`^(?:experiment|data|model|training|checkpoint|mlflow|splits|batch_size|device|output)(?:\.\w+|\[\d+\])*: `)

// locate puts file, line and column before a mistake that begins with a key of the config:
// what only shows when the config meets the data or the model.
func locate(doc *config.Document, err error) error {
	if err == nil || doc == nil || !isMistake(err) {
		return err
	}
	key := keyFirst.FindString(err.Error())
	if key == "" {
		return err
	}
	return &located{doc.Place(strings.TrimSuffix(key, ": ")), err}
}

// problems are several errors at once, each told in its own line.
type problems []error

func (p problems) Error() string   { return errors.Join(p...).Error() }
func (p problems) Unwrap() []error { return p }

// UserError says whether the user can mend all of them.
func (p problems) UserError() bool {
	return !slices.ContainsFunc(p, func(err error) bool { return !isMistake(err) })
}

// err is nil where there are none.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
