package config

import "fmt"

// Training is how long, how and where a model is trained.
type Training struct {
	// Epochs is the length in passes over the training split, 0 where Steps gives it.
	Epochs int `yaml:"epochs" default:"20" check:"min=1" when:"steps=" doc:"the length in passes over the training split"`
	// Steps is the length in optimizer steps, 0 where Epochs gives it.
	Steps         int            `yaml:"steps" check:"min=1" doc:"the length in optimizer steps, in place of epochs"`
	Optimizer     Optimizer      `yaml:"optimizer" doc:"the optimizer"`
	Scheduler     Scheduler      `yaml:"scheduler" doc:"the learning-rate schedule"`
	GradClip      *GradClip      `yaml:"grad_clip" doc:"gradient clipping; nil = off"`
	Accumulate    int            `yaml:"accumulate" default:"1" check:"min=1" doc:"batches a step"`
	Precision     string         `yaml:"precision" default:"fp32" check:"oneof=fp32|tf32|bf16|fp16" doc:"the arithmetic of products and convolutions in the step: fp32 is exact, tf32, bf16 and fp16 are faster on a GPU; the CPU has fp32 and bf16"`
	CUDAGraph     string         `yaml:"cuda_graph" default:"auto" check:"oneof=auto|on|off" doc:"on a GPU, the step is captured once and replayed: auto where it can be, on or fail, off"`
	Device        string         `yaml:"device" default:"auto" check:"device" doc:"where it runs"`
	Threads       int            `yaml:"threads" default:"0" check:"min=0,max=1024" doc:"CPU threads; 0 = physical cores"`
	Deterministic bool           `yaml:"deterministic" default:"true" doc:"the same numbers in each run; on a GPU, convolutions and scatters take slower algorithms for it, and none is chosen by trying"`
	EarlyStopping *EarlyStopping `yaml:"early_stopping" doc:"when to stop early; nil = never"`
	EvaluateAtEnd bool           `yaml:"evaluate_at_end" default:"false" doc:"when the run has finished, evaluate its best checkpoint in one pass over val and test: into evaluation/, the summary and the report"`
	LogEverySteps int            `yaml:"log_every_steps" default:"50" check:"min=1" doc:"steps between two log lines"`
	Profile       int            `yaml:"profile" default:"0" check:"min=0" doc:"lines of logs/profile.txt, a table of the slowest ops of a few steps, with a Chrome trace beside it; 0 = no profile"`
}

// Optimizer has PyTorch's names and defaults; keys of another optimizer are refused.
type Optimizer struct {
	Name        string     `yaml:"name" default:"adam" check:"oneof=adam|adamw|sgd" doc:"the optimizer"`
	LR          float64    `yaml:"lr" default:"1.0e-3" check:"min=0" doc:"the learning rate"`
	Betas       [2]float64 `yaml:"betas" default:"[0.9, 0.999]" check:"min=0,lt=1" when:"name=adam|adamw" doc:"decay of the running means of gradient and square"`
	Eps         float64    `yaml:"eps" default:"1.0e-8" check:"min=0" when:"name=adam|adamw" doc:"a term that keeps the division finite"`
	WeightDecay float64    `yaml:"weight_decay" default:"0.0" defaults:"name=adamw: 0.01" check:"min=0" doc:"weight decay"`
	Momentum    float64    `yaml:"momentum" default:"0.0" check:"min=0" when:"name=sgd" doc:"momentum"`
	Dampening   float64    `yaml:"dampening" default:"0.0" when:"name=sgd" doc:"dampening of the momentum"`
	Nesterov    bool       `yaml:"nesterov" default:"false" when:"name=sgd" doc:"Nesterov momentum"`
}

// Validate holds PyTorch's rule for Nesterov momentum.
func (o *Optimizer) Validate() []string {
	if o.Nesterov && (o.Momentum <= 0 || o.Dampening != 0) {
		return []string{fmt.Sprintf("nesterov: found true with momentum %v and dampening %v, expected momentum above 0 and dampening 0",
			o.Momentum, o.Dampening)}
	}
	return nil
}

// Scheduler is the learning rate as a function of the step.
type Scheduler struct {
	Name        string `yaml:"name" default:"constant" check:"oneof=constant|linear|cosine|step" doc:"the shape after the warm-up"`
	WarmupSteps int    `yaml:"warmup_steps" default:"0" check:"min=0" doc:"steps in which the rate rises from 0"`
	// DecayStart is a step, or below 1 a share of the run; nil = after the warm-up.
	DecayStart *float64 `yaml:"decay_start" check:"gt=0" when:"name=linear|cosine" doc:"the step from which the rate falls, or below 1 the share of the run after which it does; after the warm-up by default"`
	MinLR      float64  `yaml:"min_lr" default:"0.0" check:"min=0" when:"name=linear|cosine" doc:"the rate at the end"`
	StepSize   int      `yaml:"step_size" check:"required,min=1" when:"name=step" doc:"the steps between two drops of the rate"`
	Gamma      float64  `yaml:"gamma" default:"0.1" check:"gt=0" when:"name=step" doc:"the factor of each drop"`
}

// GradClip bounds the norm of all gradients together.
type GradClip struct {
	MaxNorm float64 `yaml:"max_norm" check:"required,gt=0" doc:"the largest norm"`
}

// EarlyStopping ends a run whose monitored metric no longer improves.
type EarlyStopping struct {
	Patience int     `yaml:"patience" check:"required,min=1" doc:"epochs without improvement before the end"`
	MinDelta float64 `yaml:"min_delta" default:"0.0" check:"min=0" doc:"the least change that counts"`
}
