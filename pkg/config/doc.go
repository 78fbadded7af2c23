// Package config turns a YAML file into the structs that the commands work with.
//
// It promises:
//   - Strict: an unknown key, a wrong type, a value out of range or an impossible
//     combination is a Problem with file, line, key, what was found and what was
//     expected. All problems of a file are returned at once, in one *Error.
//   - One place for each key: its default, its allowed values and a one-line
//     description are tags of its struct field (see below).
//   - The Document of a loaded file keeps the user's text, order and comments, and
//     adds every effective default under its section, each once. Loading that text
//     again gives the same structs and the same bytes.
//   - A ${VAR} is resolved in the structs only. The saved text, Document.Map and the
//     messages keep the reference, so that no secret leaves the process.
//
// # Tags
//
//	yaml:"lr"              the key
//	default:"1.0e-3"       YAML text used, and saved, where the key is absent
//	defaults:"name=adamw: 0.01"   another default where a sibling has that value
//	check:"min=0,lt=1"     required, min= max= gt= lt= oneof=a|b minlen= unique, or
//	                       a named text check: folder path checkpoint device
//	                       monitor every nonempty. Checks of a list hold for its items.
//	when:"name=sgd; steps="   the key goes only with these values of earlier
//	                       siblings (name=a|b), or with their absence (steps=)
//	only:"train"           the key exists in training configs only
//	doc:"learning rate"    a noun phrase; it is shown where the key is missing
//
// A struct may have Validate() []string, each item "key: sentence", for what spans
// keys. A type may read its own YAML by UnmarshalConfig (see Unmarshaler). The tags of
// a model's parameters are read in the same way: VerifyTags checks them in a test.
//
// # Numbers
//
// A whole number is accepted where a number is expected. Where a whole number is
// expected, a float is accepted if it is exactly integral (1e6, 20.0), and is saved as
// a whole number. Numbers in quotes, with a leading zero, infinite or not a number are
// refused; 1e-3 and 1.0e-3 are both numbers (PyYAML reads the first as text, so
// defaults are written in the second form).
package config
