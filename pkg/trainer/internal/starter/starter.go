// Package starter holds the configs that `trainer init` writes.
package starter

import "embed"

//go:embed *.yaml
var files embed.FS

// Config is the text of the config for a kind of model: vae, sae or custom; an error
// for any other.
func Config(kind string) ([]byte, error) { return files.ReadFile(kind + ".yaml") }
