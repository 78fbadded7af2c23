// Package vae has the variational autoencoders: an encoder gives q(z|x) =
// N(mu, exp s), a decoder gives p(x|z), and each variant is one file with its
// objective. What variants share is here too: the networks (net.go), the likelihoods
// (likelihood.go) and the divergence from the prior (kl.go).
//
// It promises that a loss is the mean over the batch of sums over dimensions, in nats
// per sample, so that weights such as beta mean what the papers say; that the state
// dict has the names encoder.N, mu, logvar, decoder.N; and that an embedding is the
// mean of q(z|x) unless a sample is asked for.
//
// Shapes: B batch, D numbers of one sample, K latent dimensions. x is [B, …sample
// shape]; mu, s (the log variance) and z are [B, K]; a network's output is
// [B, …sample shape].
package vae
