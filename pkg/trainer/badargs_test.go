package trainer

import "testing"

func TestBadArgumentsAreOneSentence(t *testing.T) {
	tryBad(t, []bad{
		{name: "unknown command", args: []string{"trian", "x.yaml"}, want: []string{
			`trainer: "trian" is not a command; the commands are init, …train, …predict, …inspect, …version…; see ` + "`trainer --help`"}},
		{name: "no argument", args: []string{"train"}, want: []string{
			"trainer: train needs a config file or an experiment directory, e.g. `trainer train configs/train_vae.yaml`"}},
		{name: "no checkpoint to inspect", args: []string{"inspect"}, want: []string{
			"trainer: inspect needs a checkpoint file, e.g. `trainer inspect experiments/vae/baseline/checkpoints/best_model.pt`"}},
		{name: "nothing to resume", args: []string{"resume"}, want: []string{
			"trainer: resume needs an experiment directory, e.g. `trainer resume experiments/vae/baseline`"}},
		{name: "nothing to validate", args: []string{"validate"}, want: []string{
			"trainer: validate needs a config file, e.g. `trainer validate configs/*.yaml`"}},
		{name: "empty argument", args: []string{"train", ""}, want: []string{
			"trainer: train: found an empty path, expected a config file or an experiment directory, e.g. …"}},
		{name: "two arguments", args: []string{"predict", "a.yaml", "b.yaml"}, want: []string{
			"trainer: predict takes one argument, a config file or an experiment directory; found 2: a.yaml b.yaml"}},
		{name: "flag and argument", args: []string{"train", "x.yaml", "--config", "y.yaml"}, want: []string{
			"trainer: found both --config y.yaml and the argument x.yaml; give one"}},
		{name: "an argument of version", args: []string{"version", "x"}, want: []string{
			"trainer: version takes no argument, found x"}},
		{name: "no such file", args: []string{"train", "y.yaml"}, want: []string{
			"y.yaml: no such file; did you mean x.yaml?"}},
		{name: "no such folder", args: []string{"train", "configs/x.yaml"}, want: []string{
			"configs/x.yaml: no such file: there is no folder configs"}},
		{name: "extension left out", args: []string{"train", "x"}, want: []string{
			"trainer: x: no such file or directory; did you mean x.yaml?"}},
		{name: "not a config", prep: func(s *site) { s.write("x.pt", "PK\x03\x04\x00\x00") }, args: []string{"train", "x.pt"}, want: []string{
			"x.pt: is not a text file, expected a config in YAML"}},
	})
}

func TestBadFlagsAreOneSentence(t *testing.T) {
	tryBad(t, []bad{
		{name: "unknown flag", args: []string{"train", "x.yaml", "--epochs", "5"}, want: []string{
			"trainer: unknown flag --epochs, expected --config, --set, …; a key of the config is overridden with --set, as in --set training.epochs=5"}},
		{name: "unknown flag with a value", args: []string{"inspect", "--set=a=b", "x.pt"}, want: []string{
			"trainer: unknown flag --set=a=b, expected --json"}},
		{name: "flag before the command", args: []string{"-q", "train", "x.yaml"}, want: []string{
			"trainer: unknown flag -q; the flags follow the command, as in `trainer train CONFIG -q`; see `trainer --help`"}},
		{name: "config without a value", args: []string{"train", "--config"}, want: []string{
			"trainer: flag --config needs a value; see `trainer train --help`"}},
		{name: "set without a value", args: []string{"train", "x.yaml", "--set"}, want: []string{
			"trainer: flag --set needs a value; see `trainer train --help`"}},
		{name: "a value where none belongs", args: []string{"train", "x.yaml", "--json=maybe"}, want: []string{
			`trainer: flag --json: found "maybe", expected no value, or true or false`}},
		{name: "empty config", args: []string{"train", "--config", ""}, want: []string{
			"trainer: train: found an empty path, …"}},
	})
}

func TestBadOverridesAreOneSentence(t *testing.T) {
	tryBad(t, []bad{
		{name: "no value", set: []string{"training.epochs"}, want: []string{
			"--set training.epochs: expected key=value, such as training.epochs=5"}},
		{name: "no key", set: []string{"=3"}, want: []string{
			"--set =3: expected key=value, such as training.epochs=5"}},
		{name: "not YAML", set: []string{"model.encoder.hidden_dims=[512,256"}, want: []string{
			"--set model.encoder.hidden_dims=[512,256: the value is not valid YAML: a [ that is not closed, or a missing comma"}},
		{name: "unknown key", set: []string{"model.latent_dims=4"}, want: []string{
			"--set model.latent_dims=4: unknown key; …latent_dim…"}},
		{name: "unknown section", set: []string{"modle.latent_dim=4"}, want: []string{
			"--set modle.latent_dim=4: modle: unknown key; …model…"}},
		{name: "wrong type", set: []string{"training.epochs=many"}, want: []string{
			`--set training.epochs=many: found "many", expected a whole number of at least 1`}},
		{name: "a section in a value", set: []string{"training.epochs.more=1"}, want: []string{
			"--set training.epochs.more=1: training.epochs: found one value there, expected a section that can have more"}},
		{name: "two at once", set: []string{"training.epochs=0", "data.batch_size=none"}, want: []string{
			`--set data.batch_size=none: found "none", expected a whole number of at least 1, or auto`,
			"--set training.epochs=0: found 0, expected a whole number of at least 1"}},
	})
}
