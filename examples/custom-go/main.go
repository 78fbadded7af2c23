// Command custom-go is trainer with one more model: the masked autoencoder of model.go.
package main

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/trainer"
)

func main() {
	trainer.Register("masked_ae", model.Variant{Params: func() any { return new(Config) }, Build: build})
	trainer.Main()
}
