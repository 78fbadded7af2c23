// Package rings holds the import rules of the project: its test fails where a package
// imports what it must not, and says why it must not.
package rings
