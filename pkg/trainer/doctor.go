package trainer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/pkg/nvml"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/track/mlflow"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "what works on this machine, what does not, and what to do",
		Flags: []cli.Flag{
			jsonFlag(),
			&cli.StringFlag{Name: "mlflow", Usage: "the tracking `URI` to try; $MLFLOW_TRACKING_URI is tried without it"},
			&cli.StringFlag{Name: "dir", Value: "experiments", Usage: "`DIR` the folder that runs are written in"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 0 {
				return mistakef("doctor takes no argument, found %s", c.Args().First())
			}
			uri := c.String("mlflow")
			if uri == "" {
				uri = os.Getenv("MLFLOW_TRACKING_URI")
			}
			return examine(c.Context, newConsole(c), c.String("dir"), uri)
		},
	}
}

// The verdicts of a finding.
const (
	works   = "ok"
	noted   = "note"  // training works without it
	hinders = "fails" // training does not
)

// finding is one line of the doctor.
type finding struct {
	About   string `json:"about"`
	Verdict string `json:"verdict"`
	Text    string `json:"text"`
	Remedy  string `json:"remedy,omitempty"`
}

func examine(ctx context.Context, out *console, dir, uri string) error {
	findings := []finding{{About: "trainer", Verdict: works, Text: fmt.Sprintf("%s, %s, %s/%s, %d processors", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())}}
	findings = append(findings, aboutLibtorch()...)
	findings = append(findings, aboutDriver()...)
	findings = append(findings, aboutDisk(dir))
	if uri != "" {
		findings = append(findings, aboutMLflow(ctx, uri))
	}
	t := table{}
	sick := ""
	for _, f := range findings {
		text := f.Text
		if f.Remedy != "" {
			text += "; " + f.Remedy
		}
		t.add(f.Verdict, f.About, text)
		if f.Verdict == hinders && sick == "" {
			sick = f.About
		}
	}
	if err := out.result(map[string]any{"healthy": sick == "", "findings": findings}, t.String()); err != nil {
		return err
	}
	if sick != "" {
		return fmt.Errorf("doctor: trainer cannot train here because of %s", sick)
	}
	return nil
}

// aboutLibtorch starts it, and says which GPUs it computes on.
func aboutLibtorch() []finding {
	e, err := startEngine(0, true)
	if err != nil {
		return []finding{{About: "libtorch", Verdict: hinders, Text: err.Error()}}
	}
	defer e.Close()
	capability, _, _ := strings.Cut(e.Description(), "\n")
	text := fmt.Sprintf("%s, CPU capability %s, %d threads", e.Version(), strings.TrimPrefix(capability, "cpu_capability="), e.Threads())
	if cuda, err := e.CUDAVersion(); err == nil && cuda != "" {
		text += ", CUDA " + cuda
	}
	findings := []finding{{About: "libtorch", Verdict: works, Text: text}}
	n, absent, err := e.GPUs()
	switch {
	case err != nil:
		return append(findings, finding{About: "CUDA", Verdict: noted, Text: err.Error()})
	case absent != nil:
		return append(findings, finding{About: "CUDA", Verdict: noted, Text: "device: auto takes the CPU: " + absent.Reason, Remedy: absent.Remedy})
	}
	for i := range n {
		d, err := e.CUDADevice(i)
		if err != nil {
			findings = append(findings, finding{About: torch.CUDA(i).String(), Verdict: noted, Text: err.Error()})
			continue
		}
		findings = append(findings, finding{About: torch.CUDA(i).String(), Verdict: works,
			Text: fmt.Sprintf("%s, compute capability %d.%d, %.1f GB", d.Name, d.Capability[0], d.Capability[1], float64(d.Memory)/1e9)})
	}
	return findings
}

// aboutDriver is what the driver says of all GPUs of the machine, visible or not.
func aboutDriver() []finding {
	m, err := nvml.Look()
	if err != nil {
		if torch.DriverCUDA() == "" {
			return nil // the line about CUDA says it
		}
		return []finding{{About: "driver", Verdict: noted, Text: fmt.Sprintf("serves CUDA %s, but use, power and temperature are not told: %v", torch.DriverCUDA(), err)}}
	}
	findings := []finding{{About: "driver", Verdict: works, Text: fmt.Sprintf("%s, serves CUDA %s", m.Driver, m.CUDA)}}
	for i, g := range m.GPUs {
		findings = append(findings, finding{About: fmt.Sprintf("GPU %d", i), Verdict: works, Text: gpuHealth(g)})
	}
	return findings
}

// gpuHealth describes a GPU by what it tells.
func gpuHealth(g nvml.GPU) string {
	parts := []string{g.Name, "compute capability " + g.ComputeCapability}
	add := func(known float64, format string, args ...any) {
		if known >= 0 {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	s := g.Sample
	add(s.Memory, "%.1f of %.1f GB used", s.MemoryUsed/1e9, s.Memory/1e9)
	add(s.Utilization, "%.0f %% busy", s.Utilization)
	add(s.Power, "%.0f W", s.Power)
	add(s.Temperature, "%.0f °C", s.Temperature)
	return strings.Join(parts, ", ")
}

// enoughDisk is what a run of a small model needs with room to spare.
const enoughDisk = 1 << 30

// aboutDisk looks at the nearest folder that is there.
func aboutDisk(dir string) finding {
	f := finding{About: "disk", Verdict: works}
	at := absolute(dir)
	for !isDir(at) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(at, &s); err != nil {
		return finding{About: "disk", Verdict: hinders, Text: fmt.Sprintf("%s: %v", at, err)}
	}
	free := s.Bavail * uint64(s.Bsize)
	f.Text = fmt.Sprintf("%.1f GB free for %s", float64(free)/1e9, dir)
	if unix.Access(at, unix.W_OK) != nil {
		f.Verdict, f.Remedy = hinders, fmt.Sprintf("but %s cannot be written; change its owner, or name another folder with --dir and experiment.output_dir", at)
	} else if free < enoughDisk {
		f.Verdict, f.Remedy = noted, "little for checkpoints: `trainer clean` lists what could go"
	}
	return f
}

// aboutMLflow asks the server for an answer.
func aboutMLflow(ctx context.Context, uri string) finding {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := mlflow.Reach(ctx, uri, os.Getenv); err != nil {
		return finding{About: "MLflow", Verdict: noted, Text: err.Error()}
	}
	target, _ := mlflow.ParseTarget(uri) // it was reached
	return finding{About: "MLflow", Verdict: works, Text: target.String() + " answers"}
}
