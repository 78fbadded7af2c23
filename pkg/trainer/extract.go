package trainer

import (
	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func extractCommand() *cli.Command {
	return inferCommand("extract-embeddings", "write the embeddings of a trained model",
		inference{command: "extract-embeddings", folder: "embeddings", suffix: "embeddings", splits: []string{"train", "val", "test"}, apply: embeddings}, "extract_embeddings")
}

func embeddings(m model.Model, what string, noise model.Noise) (func(*torch.Tensor) (*torch.Tensor, error), bool, error) {
	e, ok := m.(infer.Embedder)
	if !ok {
		return nil, false, mistakef("this model has no embeddings")
	}
	return func(x *torch.Tensor) (*torch.Tensor, error) { return e.Embed(x, what, noise) }, what == "reconstruction", nil
}
