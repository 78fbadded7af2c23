package config

// Tracking is where a run's metrics go besides the log, the journal and MLflow.
type Tracking struct {
	TensorBoard bool `yaml:"tensorboard" default:"false" doc:"write logs/events.out.tfevents.… for TensorBoard"`
	CSV         bool `yaml:"csv" default:"false" doc:"write logs/metrics.csv"`
}

// MLflow is the server and the experiment that a run is reported to.
type MLflow struct {
	TrackingURI    string            `yaml:"tracking_uri" default:"${MLFLOW_TRACKING_URI}" check:"required,nonempty" doc:"the server's address, such as http://127.0.0.1:5000, or the variable MLFLOW_TRACKING_URI"`
	ExperimentName string            `yaml:"experiment_name" default:"${MLFLOW_EXPERIMENT_NAME}" check:"required,nonempty" doc:"the experiment's name in MLflow, or the variable MLFLOW_EXPERIMENT_NAME"`
	RunName        *string           `yaml:"run_name" default:"null" check:"nonempty" doc:"the run's name in MLflow; null = experiment.name"`
	Tags           map[string]string `yaml:"tags" default:"{}" doc:"tags of the run"`
	Artifacts      string            `yaml:"artifacts" default:"best" check:"oneof=best|best_on_end|none" doc:"the best checkpoint: sent each time it improves, once at the end, or not"`
	SystemMetrics  bool              `yaml:"system_metrics" default:"true" doc:"report how busy processor, memory, disk and network are"`
	Required       bool              `yaml:"required" default:"false" doc:"end at the start where the server cannot be reached, instead of sending later"`
}
