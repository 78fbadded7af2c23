// Package sae has the sparse autoencoders: h = (x - b_dec) W_enc + b_enc, sparse codes
// f of h, and x^ = f W_dec + b_dec. Each variant is one file that says what f is and
// what its loss is; what they share is here too: the options (config.go), parameters and
// coding (core.go), the decoder's norm (decoder.go), the scale of inputs (normalize.go),
// initialisation (init.go), the coefficient of penalties (penalty.go), dead latents
// (dead.go), the auxiliary loss of the dead (aux.go) and metrics (metrics.go).
//
// It promises that a loss is a mean over the batch of sums over dimensions; that the
// state dict has the names W_enc, b_enc, W_dec, b_dec; and that decoder rows keep the
// norm 1 unless decoder_constraint frees them. Counters and constants of training are not in the state dict but tensors
// tagged "state", which the trainer keeps beside it.
//
// Shapes: B batch, n numbers of one sample, m latents (d_sae). x, x^ and the residual
// e are [B, n]; h and f are [B, m]; W_enc is [n, m], W_dec is [m, n].
package sae
