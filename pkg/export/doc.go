// Package export writes trained weights in the layouts of other tools, and reads them
// from there: safetensors and PyTorch state dicts for every model, and the folders of
// SAELens, sparsify and dictionary_learning for sparse autoencoders.
//
// It promises that a layout computes what the model computed, on the data as they lie on
// disk: normalisations that are linear are folded into the weights, in float64, and what
// a layout cannot say is refused with the reason. Reading runs no code of a file and takes
// only the arrays that a layout is known to have.
//
// Shapes: n numbers of one sample, o numbers that are reconstructed (n, but for
// transcoders), m latents. h = (x - b_dec) W_enc + b_enc, x^ = f W_dec + b_dec.
package export

import "fmt"

// Error says in one sentence what a layout cannot hold, or what is wrong with a file.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

// UserError is true: another layout, or another file, is needed.
func (e *Error) UserError() bool { return true }

func refuse(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }
