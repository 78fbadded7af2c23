// Package archive packs a folder into one file, tar with zstd or gzip as its name says,
// and restores it exactly: content, modes, times, links.
//
// It promises that every tar program can read the file, and `sha256sum -c` its last
// entry, NAME.sha256, a list of what every file must be; that a file is whole or is not
// there; and that nothing is restored that is not as the list says, that lies outside
// the folder, or that leads out of it.
package archive
