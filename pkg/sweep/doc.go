// Package sweep says which settings a search over keys of a config tries: all of a grid,
// or random samples, or both.
//
// It promises that the same search gives the same settings in the same order on every
// machine, that more samples go on where fewer ended, and that every setting has a name
// of its own that is the name of a folder and tells its values.
package sweep
