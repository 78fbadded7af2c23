//go:build invariants

package torch

import (
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

// Under this tag the end of the engine reports held scopes that were never closed,
// with the stack of their creation, and tensor work off the engine thread panics.

var madeAt = map[*Scope][]byte{}

func watch(s *Scope)   { madeAt[s] = debug.Stack() }
func unwatch(s *Scope) { delete(madeAt, s) }

func reportUnclosed() {
	for s, stack := range madeAt {
		fmt.Fprintf(os.Stderr, "torch: scope %q was never closed; made at\n%s\n", s.purpose, stack)
	}
}

var engineThread int

func adoptThread() { engineThread = syscall.Gettid() }

func onEngine() {
	if syscall.Gettid() != engineThread {
		panic("torch: tensor work outside Engine.Do")
	}
}
