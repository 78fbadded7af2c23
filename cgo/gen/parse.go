package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// op is one line of the table.
type op struct {
	Name, Doc, Expr, Result string
	Args                    []arg
	Method                  bool // section [ops]: a method of torch.Tensor
}

type arg struct{ Name, Type string }

var (
	opLine  = regexp.MustCompile(`^(\w+)\(([^)]*)\)\s*(\w*)\s*=\s*(.*?)\s*//\s*(.+)$`)
	argText = regexp.MustCompile(`^(\w+)\s+(tensor\??|tensors|ints|bytes|int|float|bool|gen\??|handle)$`)
	results = map[string]string{"": "nothing", "tensor": "one", "tensor2": "two", "int": "int", "float": "float", "gen": "gen", "handle": "held"}
)

func parse(path, text string) ([]op, error) {
	var ops []op
	method := false
	seen := map[string]int{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case line == "[core]" || line == "[cuda]" || line == "[ops]":
			method = line == "[ops]"
			continue
		}
		o, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		if first, twice := seen[o.Name]; twice {
			return nil, fmt.Errorf("%s:%d: %s is already on line %d", path, i+1, o.Name, first)
		}
		seen[o.Name] = i + 1
		o.Method = method
		if method && (len(o.Args) == 0 || !strings.HasPrefix(o.Args[0].Type, "tensor")) {
			return nil, fmt.Errorf("%s:%d: the first argument of a line in [ops] is a tensor or tensors", path, i+1)
		}
		ops = append(ops, o)
	}
	return ops, nil
}

func parseLine(line string) (op, error) {
	m := opLine.FindStringSubmatch(line)
	if m == nil {
		return op{}, fmt.Errorf("%q is not `Name(arg type, …) result = C++ expression // what it does`", line)
	}
	o := op{Name: m[1], Expr: m[4], Doc: m[5]}
	result, ok := results[m[3]]
	if !ok {
		return op{}, fmt.Errorf("unknown result type %q", m[3])
	}
	o.Result = result
	for _, text := range strings.Split(m[2], ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		a := argText.FindStringSubmatch(text)
		if a == nil {
			return op{}, fmt.Errorf("%q is not a name and a known type", text)
		}
		o.Args = append(o.Args, arg{a[1], a[2]})
	}
	return o, nil
}

// C is the op's name in C: snake case, so that BCEWithLogits is bce_with_logits.
func (o op) C() string {
	var b strings.Builder
	runes := []rune(o.Name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) && runes[i-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Op is the name that error messages carry.
func (o op) Op() string { return strings.TrimSuffix(o.C(), "_") }
