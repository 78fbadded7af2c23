// Command trainer trains variational autoencoders, sparse autoencoders and custom
// models on libtorch, extracts embeddings and predicts.
package main

import "github.com/gotrainer/trainer/pkg/trainer"

func main() { trainer.Main() }
