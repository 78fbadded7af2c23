package main

import (
	"fmt"
	"strings"
)

// cParams is the C parameter list, e.g. "const th_tensor *a, int64_t *dims, int64_t n_dims".
func (o op) CParams() string { return o.join("void", arg.cParam) }

func (a arg) cParam() string {
	switch a.Type {
	case "tensor", "tensor?":
		return "const th_tensor *" + a.Name
	case "tensors":
		return fmt.Sprintf("th_tensor *const *%[1]s, int64_t n_%[1]s", a.Name)
	case "ints":
		return fmt.Sprintf("int64_t *%[1]s, int64_t n_%[1]s", a.Name)
	case "bytes":
		return fmt.Sprintf("void *%[1]s, int64_t n_%[1]s", a.Name)
	case "float":
		return "double " + a.Name
	case "bool":
		return "int " + a.Name
	case "gen", "gen?":
		return "th_generator *" + a.Name
	case "handle":
		return "th_handle *" + a.Name
	}
	return "int64_t " + a.Name
}

// CNames passes a C parameter list on.
func (o op) CNames() string {
	return o.join("", func(a arg) string {
		switch a.Type {
		case "tensors", "ints", "bytes":
			return a.Name + ", n_" + a.Name
		}
		return a.Name
	})
}

// Unwrap declares the C++ values that the expression of the table sees.
func (o op) Unwrap() string {
	var b strings.Builder
	for _, a := range o.Args {
		switch a.Type {
		case "tensor", "tensor?":
			fmt.Fprintf(&b, "    at::Tensor %[1]s = value(%[1]s_);\n", a.Name)
		case "tensors":
			fmt.Fprintf(&b, "    Tensors %[1]s{%[1]s_, n_%[1]s_};\n", a.Name)
		case "ints":
			fmt.Fprintf(&b, "    Ints %[1]s(%[1]s_, n_%[1]s_);\n", a.Name)
		case "bytes":
			fmt.Fprintf(&b, "    Span %[1]s{%[1]s_, n_%[1]s_};\n", a.Name)
		case "bool":
			fmt.Fprintf(&b, "    bool %[1]s = %[1]s_ != 0;\n", a.Name)
		case "gen?", "gen":
			fmt.Fprintf(&b, "    auto %[1]s = generator(%[1]s_);\n", a.Name)
		case "handle":
			fmt.Fprintf(&b, "    th_handle *%[1]s = %[1]s_;\n", a.Name)
		case "float":
			fmt.Fprintf(&b, "    double %[1]s = %[1]s_;\n", a.Name)
		default:
			fmt.Fprintf(&b, "    int64_t %[1]s = %[1]s_;\n", a.Name)
		}
	}
	return b.String()
}

// CppParams is CParams with a trailing _ at each name.
func (o op) CppParams() string {
	return o.join("", func(a arg) string {
		b := a
		b.Name += "_"
		return b.cParam()
	})
}

// GoParams is the parameter list of the function in package cgo.
func (o op) GoParams() string {
	return o.join("", func(a arg) string { return a.Name + " " + a.goType() })
}

func (a arg) goType() string {
	return map[string]string{
		"tensor": "Tensor", "tensor?": "Tensor", "tensors": "[]Tensor", "ints": "[]int64", "bytes": "[]byte",
		"int": "int64", "float": "float64", "bool": "bool", "gen": "Generator", "gen?": "Generator", "handle": "Handle",
	}[a.Type]
}

// CArgs converts the Go arguments for the C call.
func (o op) CArgs() string {
	return o.join("", func(a arg) string {
		switch a.Type {
		case "tensor", "tensor?":
			return fmt.Sprintf("(*C.th_tensor)(%s)", a.Name)
		case "tensors":
			return fmt.Sprintf("(**C.th_tensor)(unsafe.Pointer(unsafe.SliceData(%[1]s))), C.int64_t(len(%[1]s))", a.Name)
		case "ints":
			return fmt.Sprintf("(*C.int64_t)(unsafe.SliceData(%[1]s)), C.int64_t(len(%[1]s))", a.Name)
		case "bytes":
			return fmt.Sprintf("unsafe.Pointer(unsafe.SliceData(%[1]s)), C.int64_t(len(%[1]s))", a.Name)
		case "float":
			return fmt.Sprintf("C.double(%s)", a.Name)
		case "bool":
			return fmt.Sprintf("cbool(%s)", a.Name)
		case "gen", "gen?":
			return fmt.Sprintf("(*C.th_generator)(%s)", a.Name)
		case "handle":
			return fmt.Sprintf("(*C.th_handle)(%s)", a.Name)
		}
		return fmt.Sprintf("C.int64_t(%s)", a.Name)
	})
}

// GoResult is the result list of the function in package cgo.
func (o op) GoResult() string {
	return map[string]string{
		"nothing": "error", "one": "(Tensor, error)", "two": "(Tensor, Tensor, error)",
		"int": "(int64, error)", "float": "(float64, error)", "gen": "(Generator, error)", "held": "(Handle, error)",
	}[o.Result]
}

// GoReturn turns the C result r into GoResult.
func (o op) GoReturn() string {
	return map[string]string{
		"nothing": "takeError(r.err)", "one": "Tensor(r.out), takeError(r.err)",
		"two": "Tensor(r.out), Tensor(r.second), takeError(r.err)", "int": "int64(r.out), takeError(r.err)",
		"float": "float64(r.out), takeError(r.err)", "gen": "Generator(r.out), takeError(r.err)",
		"held": "Handle(r.out), takeError(r.err)",
	}[o.Result]
}

// NoReturn is what the function answers in a build without cgo.
func (o op) NoReturn() string {
	return map[string]string{
		"nothing": "errNoCgo", "one": "nil, errNoCgo", "two": "nil, nil, errNoCgo",
		"int": "0, errNoCgo", "float": "0, errNoCgo", "gen": "nil, errNoCgo", "held": "nil, errNoCgo",
	}[o.Result]
}

func (o op) join(empty string, f func(arg) string) string {
	if len(o.Args) == 0 {
		return empty
	}
	parts := make([]string, len(o.Args))
	for i, a := range o.Args {
		parts[i] = f(a)
	}
	return strings.Join(parts, ", ")
}
