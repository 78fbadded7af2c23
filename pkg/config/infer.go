package config

// Infer is a config for extract-embeddings or predict.
type Infer struct {
	Experiment Target `yaml:"experiment" doc:"the run that is read and written into"`
	// Checkpoint is best, last, epoch_007 or a path.
	Checkpoint string `yaml:"checkpoint" default:"best" check:"checkpoint" doc:"best, last, epoch_007 or a path"`
	// Data is nil for the run's own data and split. Its BatchSize, DropLast and
	// Normalize are the run's and are not read here.
	Data *Data `yaml:"data" check:"emptyabsent" doc:"the data; the run's own where absent"`
	// Splits is nil where absent: the command knows its own default.
	Splits    []string `yaml:"splits" check:"oneof=train|val|test,unique,minlen=1" doc:"the splits"`
	BatchSize int      `yaml:"batch_size" default:"1024" check:"min=1" doc:"samples a batch"`
	Device    string   `yaml:"device" default:"auto" check:"device" doc:"where it runs"`
	Output    Output   `yaml:"output" doc:"what is written"`
}

// Target names the run {OutputDir}/{Name}.
type Target struct {
	Name      string `yaml:"name" check:"required,folder" doc:"the run's folder name, such as baseline"`
	OutputDir string `yaml:"output_dir" check:"required,path" doc:"the folder that the run is in, such as ./experiments/vae"`
}

// Output is what is written and how.
type Output struct {
	DType  string `yaml:"dtype" default:"float32" check:"oneof=float32|float16" doc:"the numbers' type"`
	Format string `yaml:"format" default:"npy" check:"oneof=npy|csr_npz" doc:"the file format"`
	// What is the model type's own word (mean, codes, a layer's name); "" = its default.
	What   string   `yaml:"what" check:"nonempty" doc:"mean, sample or mean_logvar (vae), codes or reconstruction (sae), a layer's name (custom_model)"`
	Extras []string `yaml:"extras" default:"[]" check:"oneof=labels|indices,unique" doc:"further files"`
}
