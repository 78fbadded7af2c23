// Package npy reads and writes NumPy's .npy files, also those that do not fit in
// memory.
//
// Reading: Open checks the header against the file before anything is allocated,
// then maps the file or reads it (gzip files are unpacked), and Gather copies
// chosen rows out as float32. A broken or hostile file is an error of one
// sentence, never a panic; a mapped file that is cut or changed while it is in
// use is an error too, never a signal.
//
// Writing: Create makes a file that takes its name when it is whole, header
// first, then rows one after another, so memory does not grow with the array. For
// the same array the bytes are those of numpy.save.
//
// The element types are float16/32/64, signed and unsigned integers of 8 to 64
// bits, and bool; object, structured, complex and text arrays are refused.
package npy
