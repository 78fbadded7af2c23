// Package gpu is the suite that shows on a machine with a GPU what the other tests show
// on the CPU: that every op and model computes what it computes on the CPU, that captured
// steps are the plain ones, that a resumed run is the same run, that checkpoints move
// between devices, that memory does not grow and that its lack is told in one sentence.
//
// The same functions run on the CPU, where they compare the CPU with itself: that shows
// that the suite works. TRAINER_TEST_DEVICE chooses the device (cpu unless it is set). On
// a GPU nothing may be skipped: a test that would be fails.
package gpu
