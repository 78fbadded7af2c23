package trainer

import (
	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func predictCommand() *cli.Command {
	return inferCommand("predict", "write the predictions of a trained model",
		inference{command: "predict", folder: "predictions", suffix: "predictions", splits: []string{"test"}, apply: predict})
}

func predict(m model.Model, what string, _ model.Noise) (func(*torch.Tensor) (*torch.Tensor, error), bool, error) {
	if what != "" {
		return nil, false, mistakef("output.what: found %q, but predict writes the model's own output; use extract-embeddings for other outputs", what)
	}
	p, ok := m.(infer.Predictor)
	if !ok {
		return nil, false, mistakef("this model has no predictions")
	}
	return func(x *torch.Tensor) (*torch.Tensor, error) { return p.Predict(x), nil }, p.Reconstructs(), nil
}
