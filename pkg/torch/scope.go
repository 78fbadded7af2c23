package torch

import (
	"fmt"

	"github.com/gotrainer/trainer/cgo"
)

// Scope owns tensors and frees them together.
//
// Function scopes are made by Scoped, Keep and Engine.Do and nest like calls. A held
// scope outlives them: what is attached to it lives until Close. Only the engine
// thread touches scopes.
type Scope struct {
	purpose string
	tensors []*Tensor
	ends    []func() // done after the tensors are freed
	closed  bool
}

// current is the innermost function scope; held are the open held scopes.
var (
	current *Scope
	held    = map[*Scope]struct{}{}
)

// NewScope makes a held scope; purpose names it in Live ("param", "optim", …).
func NewScope(purpose string) *Scope {
	s := &Scope{purpose: purpose}
	held[s] = struct{}{}
	watch(s)
	return s
}

// Attach moves tensors from the scope that owns them to s. It panics when one
// already belongs to a held scope.
func (s *Scope) Attach(ts ...*Tensor) {
	if s.closed {
		panic(fmt.Sprintf("torch: attach to the closed scope %q", s.purpose))
	}
	for _, t := range ts {
		if t == nil || t.scope == s {
			continue
		}
		t.handle("attach")
		if _, isHeld := held[t.scope]; isHeld {
			panic(fmt.Sprintf("torch: tensor of scope %q attached to scope %q too", t.scope.purpose, s.purpose))
		}
		t.scope.remove(t)
		s.add(t)
	}
}

// Close frees everything that s owns. Closing twice does nothing.
func (s *Scope) Close() {
	if s.closed {
		return
	}
	s.closed = true
	delete(held, s)
	unwatch(s)
	s.free()
	for _, end := range s.ends {
		end()
	}
}

// atEnd lets Close end what is no tensor.
func (s *Scope) atEnd(fn func()) { s.ends = append(s.ends, fn) }

func (s *Scope) add(t *Tensor) {
	t.scope, t.slot = s, len(s.tensors)
	s.tensors = append(s.tensors, t)
}

func (s *Scope) remove(t *Tensor) {
	last := s.tensors[len(s.tensors)-1]
	s.tensors[t.slot], last.slot = last, t.slot
	s.tensors = s.tensors[:len(s.tensors)-1]
}

func (s *Scope) free() {
	handles := make([]cgo.Tensor, len(s.tensors))
	for i, t := range s.tensors {
		handles[i], t.h = t.h, nil
	}
	s.tensors = nil
	cgo.FreeTensors(handles)
}

// Scoped runs fn and frees every tensor made in it that was not attached elsewhere.
func Scoped(fn func()) {
	outer := current
	inner := &Scope{purpose: "step", tensors: make([]*Tensor, 0, 64)}
	current = inner
	defer func() {
		current = outer
		inner.free()
	}()
	fn()
}

// Keep runs fn like Scoped and moves the tensor that it returns to the caller's scope.
func Keep(fn func() *Tensor) *Tensor {
	outer := current
	if outer == nil {
		panic("torch: Keep outside Engine.Do")
	}
	var out *Tensor
	Scoped(func() {
		inner := current
		out = fn()
		if out != nil && out.scope == inner {
			inner.remove(out)
			outer.add(out)
		}
	})
	return out
}

// Usage is what Live reports for one purpose.
type Usage struct {
	Handles int
	Bytes   int64
}

// Live counts the tensors of the held scopes by purpose, and those of the function
// scope that is running under "step".
func Live() map[string]Usage {
	live := map[string]Usage{}
	count := func(s *Scope) {
		u := live[s.purpose]
		for _, t := range s.tensors {
			u.Handles++
			u.Bytes += t.Bytes()
		}
		live[s.purpose] = u
	}
	for s := range held {
		count(s)
	}
	if current != nil {
		count(current)
	}
	return live
}
