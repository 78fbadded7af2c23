package trainer

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/track/mlflow"
	"github.com/gotrainer/trainer/pkg/train"
)

// session is a training run put together: its data, its engine and its model.
type session struct {
	cfg     *config.Train
	data    *dataset.Data
	engine  *torch.Engine
	sampler *dataset.Sampler
	parts   train.Parts
	monitor train.Monitor
	notices []string
	from    *resumption    // nil for a fresh run
	batches string         // where they come from; for the log, empty on the CPU
	mlflow  *mlflow.Target // nil where the run is not reported

	// For the log: the device in words and why it is that one, the CUDA that libtorch is
	// built with (empty for none), and the commit of the folder.
	deviceName, why, cuda string
	git                   <-chan repository
	began                 time.Time
}

// openSession opens the data while libtorch is being loaded; notify is told what of it
// takes long.
func openSession(cfg *config.Train, notify func(text string)) (*session, error) {
	s := &session{cfg: cfg, git: later(gitState), began: time.Now()}
	err := both(
		func() (err error) {
			spec := dataSpec(cfg.Data, cfg.Experiment.Seed)
			spec.Notify = notify
			s.data, err = dataset.Open(spec)
			return err
		},
		func() (err error) {
			s.engine, err = startEngine(cfg.Training.Threads, cfg.Training.Deterministic)
			return err
		})
	if err == nil {
		err = s.place()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() {
	if s.engine != nil {
		s.engine.Close()
	}
	if s.data != nil {
		s.data.Close()
	}
}

// place decides on the device.
func (s *session) place() error {
	device, reason, err := chooseDevice(s.engine, "training.device", s.cfg.Training.Device)
	if err != nil {
		return err
	}
	t := s.cfg.Training
	if err := needsGPU(t, device, "this run is on the CPU ("+reason+")"); err != nil {
		return err
	}
	if reason != "" {
		s.notices = append(s.notices, onCPU("training.device", reason))
	}
	s.parts.Device = device
	s.describe(reason)
	if device.IsCUDA() && t.CUDAGraph != "off" {
		s.parts.Capture = capture
	}
	return useDevice(s.engine, device, t.Precision != "fp32")
}

// describe says in words which device was taken, and why.
func (s *session) describe(onCPU string) {
	s.deviceName, s.why = s.parts.Device.String(), "training.device: "+s.cfg.Training.Device
	switch {
	case onCPU != "":
		s.why += ", and " + onCPU
	case s.cfg.Training.Device == "auto":
		s.why += " takes the first GPU"
	}
	// What cannot be told is left out of the log.
	s.cuda, _ = s.engine.CUDAVersion()
	if s.parts.Device.IsCUDA() {
		if gpu, err := s.engine.CUDADevice(int(s.parts.Device)); err == nil {
			s.deviceName += fmt.Sprintf(", %s, compute capability %d.%d, %.1f GB", gpu.Name, gpu.Capability[0], gpu.Capability[1], float64(gpu.Memory)/1e9)
		}
		if driver := torch.DriverCUDA(); driver != "" {
			s.deviceName += ", its driver serves CUDA " + driver
		}
	}
}

// needsGPU tells what a config asks for and the CPU does not do; why says that it is the
// device.
func needsGPU(t config.Training, d torch.Device, why string) error {
	switch {
	case d.IsCUDA():
		return nil
	case t.Precision == "tf32" || t.Precision == "fp16":
		return mistakef("training.precision: found %s, but %s, which computes in fp32 or bf16; use one of these, or a GPU", t.Precision, why)
	case t.CUDAGraph == "on":
		return mistakef("training.cuda_graph: found on, but %s, where nothing is captured; use auto, or a GPU", why)
	}
	return nil
}

// capture is torch.Capture as the loop takes it.
func capture(fn func()) (train.Graph, error) {
	g, err := torch.Capture(fn)
	if err != nil {
		return nil, err
	}
	return g, nil
}

// withModel settles the batch size, builds the model, brings the data to the device and
// does what is to be done with them; then it gives their memory back. It runs inside
// Engine.Do.
func (s *session) withModel(ctx context.Context, doc *config.Document, do func() error) error {
	scope := torch.NewScope("param")
	defer scope.Close()
	if err := s.findBatchSize(ctx, doc); err != nil {
		return err
	}
	if err := s.build(scope); err != nil {
		return err
	}
	free, err := s.reside()
	if err != nil {
		return err
	}
	defer free()
	return do()
}

// build makes the model from the seed and lets it see one batch, inside Engine.Do.
func (s *session) build(scope *torch.Scope) error {
	cfg, p := s.cfg, &s.parts
	m, err := s.newModel(scope)
	if err != nil {
		return err
	}
	if err := s.data.CheckIndices(); err != nil {
		return err
	}
	p.Model, p.Val = m, split(s.data.Val)
	if p.Train, err = trainingSplit(cfg, s.data); err != nil {
		return err
	}
	if p.Metrics, err = train.Probe(m, p.Train, p.Inputs, p.Device, cfg.Data.BatchSize); err != nil {
		return err
	}
	var notice string
	s.monitor, notice, err = train.Monitor{Name: cfg.Checkpoint.Monitor, Max: cfg.Checkpoint.Mode == "max"}.Resolve(p.Metrics, p.Val != nil)
	if notice != "" {
		s.notices = append(s.notices, notice)
	}
	s.sampler = samplerOf(cfg, s.data.Train)
	if cfg.Data.Shuffle == "full" && s.data.Oversized() {
		s.notices = append(s.notices, "the data are larger than the memory, and each sample of a batch is a read of its own; data.shuffle: block reads in runs")
	}
	p.Order = order{s.sampler}
	if doubt := scheduleDoubt(s.trainConfig(), s.sampler); doubt != "" {
		s.notices = append(s.notices, doubt)
	}
	if err == nil && s.from != nil {
		err = s.goOn()
	}
	return err
}

// newModel makes the model from the seed, in scope.
func (s *session) newModel(scope *torch.Scope) (model.Model, error) {
	cfg, p := s.cfg, &s.parts
	torch.Seed(cfg.ModelSeed())
	variant, _ := models().Find(cfg.Model.Type, cfg.Model.Variant)
	p.Inputs = inputsOf(s.data)
	if s.from != nil {
		restoreFile(cfg.Model.Params, s.from.file)
	}
	m, err := variant.Build(cfg.Model.Params, p.Inputs, nn.Options{
		Device: p.Device, DType: torch.Float32, Scope: scope, ChannelsLast: p.Device.IsCUDA() && cfg.Training.Precision != "fp32",
	})
	if err == nil {
		expect(m, s.data)
	}
	return m, err
}

// scheduleDoubt is what a run's length makes of its schedule, "" where nothing is amiss.
func scheduleDoubt(c train.Config, sampler *dataset.Sampler) string {
	_, c.Schedule.Total = c.Length(order{sampler})
	if doubt := c.Schedule.Doubt(); doubt != "" {
		return "training.scheduler." + doubt
	}
	return ""
}

// trainConfig is the training section as the loop takes it.
func (s *session) trainConfig() train.Config {
	t := s.cfg.Training
	c := train.Config{
		Epochs: int64(t.Epochs), Steps: int64(t.Steps), BatchSize: s.cfg.Data.BatchSize, Accumulate: t.Accumulate,
		Optimizer: optim.Config{
			Name: t.Optimizer.Name, LR: t.Optimizer.LR, Beta1: t.Optimizer.Betas[0], Beta2: t.Optimizer.Betas[1], Eps: t.Optimizer.Eps,
			WeightDecay: t.Optimizer.WeightDecay, Momentum: t.Optimizer.Momentum, Dampening: t.Optimizer.Dampening, Nesterov: t.Optimizer.Nesterov,
		},
		Schedule: schedule.LR{
			Name: t.Scheduler.Name, Base: t.Optimizer.LR, Min: t.Scheduler.MinLR, Gamma: t.Scheduler.Gamma,
			Warmup: int64(t.Scheduler.WarmupSteps), StepSize: int64(t.Scheduler.StepSize),
		},
		Precision: train.Precision(t.Precision), RequireGraph: t.CUDAGraph == "on",
		Monitor: s.monitor, LogEvery: int64(t.LogEverySteps), Seed: s.cfg.Experiment.Seed,
	}
	if t.Scheduler.DecayStart != nil {
		c.Schedule.DecayStart = *t.Scheduler.DecayStart
	}
	if t.GradClip != nil {
		c.ClipNorm = t.GradClip.MaxNorm
	}
	if t.EarlyStopping != nil {
		c.Stop = &train.EarlyStopping{Patience: int64(t.EarlyStopping.Patience), MinDelta: t.EarlyStopping.MinDelta}
	}
	return c
}

// facts are what the checkpoints hold beside the loop's own state.
func (s *session) facts(doc *config.Document) facts {
	return facts{
		Sampler: s.sampler.State(), Inputs: s.parts.Inputs, Config: doc.Map(),
		Data: s.data.Record(), Stats: s.data.Stats.Plain(), Environment: s.environment(),
	}
}

// environment is what bit-identical results depend on besides config and data.
func (s *session) environment() map[string]any {
	env := map[string]any{
		"trainer": version, "libtorch": s.engine.Version(), "threads": s.engine.Threads(),
		"device": s.parts.Device.String(), "os": runtime.GOOS + "/" + runtime.GOARCH,
	}
	if capability, _, ok := strings.Cut(s.engine.Description(), "\n"); ok {
		env["cpu_capability"] = strings.TrimPrefix(capability, "cpu_capability=")
	}
	return env
}

// parameters are the trained tensors of the model, for the log.
func parameters(m model.Model) (rows []nn.Param, total int64) {
	rows = nn.Params(m)
	for _, p := range rows {
		total += p.Tensor.Numel()
	}
	return rows, total
}
