package vt

import (
	"fmt"
	"strings"
	"testing"
)

func show(s *Screen, text string) { fmt.Fprint(s, strings.ReplaceAll(text, "\n", "\r\n")) }

func want(t *testing.T, s *Screen, rows ...string) {
	t.Helper()
	if got := s.Rows(); fmt.Sprint(got) != fmt.Sprint(rows) {
		t.Errorf("rows %q, want %q", got, rows)
	}
}

func TestTextWrapsAfterTheLastColumn(t *testing.T) {
	s := New(4, 5, true)
	show(s, "abcd")
	want(t, s, "abcd")
	show(s, "\n12345\rx")
	want(t, s, "abcd", "1234", "x")
	if got := s.Lines(); fmt.Sprint(got) != "[abcd 1234x]" {
		t.Errorf("lines %q", got)
	}
	show(s, "\n\x1b[?7lABCDEFG\x1b[?7h")
	want(t, s, "abcd", "1234", "x", "ABCG")
}

func TestSequencesEraseAndMove(t *testing.T) {
	s := New(10, 2, true)
	show(s, "one\ntwo\nthree\x1b[32m!\x1b[0m")
	show(s, "\x1b[9A\r\x1b") // the screen has two rows; the sequence comes in two parts
	show(s, "[K2°\n\x1b[J")
	want(t, s, "one", "2°")
	if s.Colors() != 2 {
		t.Errorf("%d colours", s.Colors())
	}
}

func TestResizeReflowsOrCuts(t *testing.T) {
	for _, reflow := range []bool{true, false} {
		s := New(8, 9, reflow)
		show(s, "abcdefgh\nxyz\x1b[1A\r")
		s.Resize(3, 9)
		if !reflow {
			want(t, s, "abc", "xyz")
			continue
		}
		want(t, s, "abc", "def", "gh", "xyz")
		show(s, "A")
		want(t, s, "Abc", "def", "gh", "xyz") // the cursor stays on its character
		s.Resize(8, 9)
		want(t, s, "Abcdefgh", "xyz")
	}
}
