package main

import (
	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func extractCommand() *cli.Command {
	return inferCommand("extract-embeddings", "write the embeddings of a trained model",
		"Adds embeddings/{train,val,test}_embeddings.npy to an experiment: one row a sample, in the\n"+
			"data's order. A VAE gives the mean of q(z|x), an SAE its codes, a custom model the output of\n"+
			"its last layer; output.what chooses another.\n\nExamples:\n"+
			"   trainer extract-embeddings configs/extract_embeddings.yaml\n"+
			"   trainer extract-embeddings experiments/vae/baseline --set checkpoint=last",
		[]string{"extract_embeddings"},
		inference{command: "extract-embeddings", folder: "embeddings", suffix: "embeddings", splits: []string{"train", "val", "test"}, apply: embed})
}

func embed(m model.Model, what string, noise model.Noise) (func(*torch.Tensor) (*torch.Tensor, error), bool, error) {
	e, ok := m.(infer.Embedder)
	if !ok {
		return nil, false, mistakef("this model has no embeddings")
	}
	return func(x *torch.Tensor) (*torch.Tensor, error) { return e.Embed(x, what, noise) }, what == "reconstruction", nil
}
