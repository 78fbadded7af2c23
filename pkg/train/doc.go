// Package train is the training loop: epochs of optimizer steps over shuffled
// batches, evaluation, the best epoch, early stopping.
//
// It knows no files: data, checkpoints and logs come in as the small interfaces
// declared here. The step does no host synchronisation; losses and metrics add up in
// tensors that are read every LogEvery steps. A step whose loss is not finite is
// skipped on the device and counted, and leaves the model as it was; many in a row end the
// run.
package train
