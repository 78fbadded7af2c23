package train

import (
	"context"
	"reflect"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Double captures steps without a GPU: a replay runs the captured function again, with
// everything on Go's side as it was at the capture. A step that reads a number of the
// host sees the old one, as it would in a CUDA graph.
type Double struct {
	Captures, Replays int
	roots             func() []any
}

// RunCaptured is Run with the steps captured by a double.
func RunCaptured(ctx context.Context, cfg Config, parts Parts) (Result, *Double, error) {
	r := newRun(ctx, cfg, parts)
	d := &Double{roots: func() []any { return []any{r, r.opt, r.rival, r.meter, r.scalars, r.Model} }}
	r.Capture = d.capture
	result, err := r.train()
	return result, d, err
}

func (d *Double) capture(fn func()) (Graph, error) {
	d.Captures++
	return &replay{d, fn, hostState(d.roots())}, nil
}

type replay struct {
	double *Double
	fn     func()
	host   []structure
}

func (r *replay) Replay() {
	r.double.Replays++
	now := hostState(r.double.roots())
	put(r.host)
	defer put(now)
	r.fn()
}

func (r *replay) Close() { r.fn = nil }

// structure is a struct and what was in it.
type structure struct{ place, content reflect.Value }

// hostState copies the structs at the given pointers, and those that their exported
// fields lead to; tensors and what owns them are the device's.
func hostState(roots []any) []structure {
	var list []structure
	seen := map[uintptr]bool{}
	for _, root := range roots {
		collect(reflect.ValueOf(root), seen, &list)
	}
	return list
}

func collect(v reflect.Value, seen map[uintptr]bool, list *[]structure) {
	switch v.Kind() {
	case reflect.Interface:
		collect(v.Elem(), seen, list)
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || v.Type() == reflect.TypeFor[*torch.Tensor]() || v.Type() == reflect.TypeFor[*torch.Scope]() {
			return
		}
		seen[v.Pointer()] = true
		if s := v.Elem(); s.Kind() == reflect.Struct {
			content := reflect.New(s.Type()).Elem()
			content.Set(s)
			*list = append(*list, structure{s, content})
			fields(s, seen, list)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), seen, list)
		}
	case reflect.Struct:
		fields(v, seen, list)
	}
}

func fields(s reflect.Value, seen map[uintptr]bool, list *[]structure) {
	if s.Type() == reflect.TypeFor[run]() || s.Type() == reflect.TypeFor[Parts]() {
		return // the rest of the run is the world outside
	}
	for i := range s.NumField() {
		if s.Type().Field(i).IsExported() {
			collect(s.Field(i), seen, list)
		}
	}
}

func put(list []structure) {
	for _, s := range list {
		s.place.Set(s.content)
	}
}
