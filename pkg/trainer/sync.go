package trainer

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/track/mlflow"
)

func syncCommand() *cli.Command {
	return &cli.Command{
		Name: "sync", Usage: "send to MLflow what it could not take", ArgsUsage: "DIR",
		Flags: common(),
		Action: func(c *cli.Context) error {
			dir, err := target(c)
			if err != nil {
				return err
			}
			return runSync(c.Context, newConsole(c), dir)
		},
	}
}

func runSync(ctx context.Context, out *console, dir string) error {
	info, err := experiment.Find(dir)
	if err != nil {
		return err
	}
	spool := mlflow.In(info.Dir)
	if info.Status == experiment.Running {
		return mistakef("%s is being trained by process %d on host %s, which sends by itself; wait until it ends", info.Dir, info.PID, info.Host)
	}
	if err := noLinksOut(info.Dir); err != nil {
		return err
	}
	if _, ok, err := spool.Wanted(); err != nil {
		return err
	} else if !ok {
		return mistakef("%s is not reported to MLflow; train with an mlflow: section in the config", info.Dir)
	}
	if _, err := spool.EndDead(mlflowStatus(info.Status), info.Heartbeat); err != nil {
		return err
	}
	sent, err := send(ctx, spool, out.note)
	if err != nil {
		return err
	}
	return out.result(sent, fmt.Sprintf("run %s is complete: %d values and %d files were sent; status %s", sent.Run, sent.Metrics, sent.Files, sent.Status))
}

// savedTarget is the address that a run is reported to.
func savedTarget(spool mlflow.Spool) (mlflow.Target, error) {
	cfg, _, err := config.LoadTrain(filepath.Join(spool.Dir(), "config.yaml"), config.Options{Models: models()})
	if err == nil && cfg.MLflow != nil {
		return mlflow.ParseTarget(cfg.MLflow.TrackingURI)
	}
	w, _, err := spool.Wanted()
	if err != nil {
		return mlflow.Target{}, err
	}
	return mlflow.ParseTarget(w.URI)
}

// reportCommand adds what a command did to the run in MLflow, with the files that it
// wrote. What goes wrong is told; the command has done its work.
func reportCommand(ctx context.Context, out *console, dir, name string, record map[string]any) {
	spool := mlflow.In(dir)
	if _, ok, err := spool.Wanted(); err != nil || !ok {
		return
	}
	err := spool.AddRecord(name, record)
	if err == nil {
		err = spool.AddTags(map[string]string{"trainer." + name: fmt.Sprintf("checkpoint of epoch %v", record["epoch"])})
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, reportLimit)
		defer cancel()
		_, err = send(ctx, spool, out.note)
	}
	if err != nil {
		out.note(fmt.Sprintf("%v; `trainer sync %s` sends what is left", err, dir))
	}
}
