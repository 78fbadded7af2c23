// Package dataset opens the data that a model is trained on: files, the output of
// another experiment, or data that the program generates. It knows nothing of
// tensors: samples come as plain float32 slices.
//
// Promises:
//   - Open checks everything that can be checked without reading all the data. A
//     missing, broken or unsuitable file is a user error of one sentence: which
//     file, what was found, what was expected, what to do.
//   - Splits, orders and generated samples are pure functions of the seed, on any
//     number of threads.
//   - Reading copies: a file that is cut or changed while it is mapped gives an
//     error, never a signal.
//
// uint8 data are always scaled by 1/255, labels never. Normalisation comes after
// that, with statistics of the train split only.
//
// Values that are not finite: data in memory are checked when they are opened. A
// mapped file is checked only where its statistics are computed (normalize:
// minmax, standard, mean_center), because reading it all would cost minutes; else
// a NaN in it shows as a non-finite loss.
package dataset
