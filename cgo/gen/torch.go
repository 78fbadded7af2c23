package main

import (
	"fmt"
	"strings"
)

// The methods of torch.Tensor: the first tensor of a line is the receiver; a line
// that begins with `tensors` becomes a function.

// TorchParams is the method's parameter list.
func (o op) TorchParams() string {
	args := o.Args
	if o.hasReceiver() {
		args = args[1:]
	}
	parts := make([]string, len(args))
	for i, a := range args {
		t := a.goType()
		switch a.Type {
		case "tensor", "tensor?":
			t = "*Tensor"
		case "tensors":
			t = "[]*Tensor"
		}
		parts[i] = a.Name + " " + t
	}
	return strings.Join(parts, ", ")
}

// Receiver is "(a *Tensor) " or empty.
func (o op) Receiver() string {
	if o.hasReceiver() {
		return fmt.Sprintf("(%s *Tensor) ", o.Args[0].Name)
	}
	return ""
}

func (o op) hasReceiver() bool { return o.Args[0].Type == "tensor" }

// TorchArgs are the handles passed to package cgo.
func (o op) TorchArgs() string {
	return o.join("", func(a arg) string {
		switch a.Type {
		case "tensor":
			return fmt.Sprintf("%s.handle(%q)", a.Name, o.Op())
		case "tensor?":
			return fmt.Sprintf("%s.optional(%q)", a.Name, o.Op())
		case "tensors":
			return fmt.Sprintf("handles(%q, %s)", o.Op(), a.Name)
		}
		return a.Name
	})
}

// Operands name the tensors of an error message.
func (o op) Operands() string {
	var parts []string
	for _, a := range o.Args {
		switch a.Type {
		case "tensor", "tensor?":
			name := a.Name
			if len(name) == 1 {
				name = map[string]string{"a": "input", "b": "other"}[name]
			}
			parts = append(parts, fmt.Sprintf("operand{%q, %s}", name, a.Name))
		case "tensors":
			parts = append(parts, fmt.Sprintf("operandsOf(%s)...", a.Name))
		}
	}
	return strings.Join(parts, ", ")
}

// TorchResult is the method's result list.
func (o op) TorchResult() string {
	return map[string]string{"nothing": "", "one": "*Tensor", "two": "(*Tensor, *Tensor)"}[o.Result]
}
