package dataset

import "fmt"

// Error is the user's mistake, in one sentence.
type Error struct{ Msg string }

// Error is the sentence.
func (e *Error) Error() string { return e.Msg }

// UserError marks the error as the user's mistake.
func (e *Error) UserError() bool { return true }

func mistake(format string, args ...any) error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}
