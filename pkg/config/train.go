package config

// Train is a training config.
type Train struct {
	Experiment Experiment `yaml:"experiment" doc:"the run's name and place"`
	Data       Data       `yaml:"data" doc:"what is trained on"`
	Model      Model      `yaml:"model" doc:"what is trained"`
	Training   Training   `yaml:"training" doc:"how it is trained"`
	Checkpoint Checkpoint `yaml:"checkpoint" doc:"what is kept"`
	Tracking   Tracking   `yaml:"tracking" doc:"where metrics are written besides"`
	MLflow     *MLflow    `yaml:"mlflow" doc:"the MLflow server that is told; nil = none"`
}

// Experiment names a run and the directory {OutputDir}/{Name} that it makes.
type Experiment struct {
	Name      string `yaml:"name" check:"required,folder" doc:"the run's folder name, such as baseline"`
	OutputDir string `yaml:"output_dir" check:"required,path" doc:"the folder that runs are made in, such as ./experiments/vae"`
	// OnExists is what to do with an existing run of that name. In a run's own saved
	// config it is kept as text; its meaning there is the command's business.
	OnExists string `yaml:"on_exists" default:"overwrite" check:"oneof=overwrite|timestamp|resume|error" doc:"what to do with an existing run of that name"`
	Seed     int64  `yaml:"seed" default:"42" check:"min=0" doc:"the seed of weights, order and noise"`
}

// Model names the model; Params holds the rest of its section.
type Model struct {
	Type    string `yaml:"type" check:"required" doc:"the kind of model"`
	Variant string `yaml:"variant" doc:"the variant of that kind"`
	Seed    *int64 `yaml:"seed" check:"min=0" doc:"the seed of the initial weights and the noise; nil = experiment.seed"`
	// Members are several models for one pass over the data; empty for one model.
	Members []Member `yaml:"-"`
	// Params points to the variant's own struct, as Models.Params gave it; nil where
	// Options.Models is nil.
	Params any `yaml:"-"`
}

// ModelSeed is the seed of the initial weights and of the noise.
func (t *Train) ModelSeed() int64 {
	if t.Model.Seed != nil {
		return *t.Model.Seed
	}
	return t.Experiment.Seed
}
