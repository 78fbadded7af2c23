package mlflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// runAnswer is a run in the server's answers.
type runAnswer struct {
	Info struct {
		RunID       string `json:"run_id"`
		ArtifactURI string `json:"artifact_uri"`
		Status      string `json:"status"`
		Stage       string `json:"lifecycle_stage"`
	} `json:"info"`
	Data struct {
		Params  []pair `json:"params"`
		Tags    []pair `json:"tags"`
		Metrics []struct {
			Key  string      `json:"key"`
			Step json.Number `json:"step"` // a number, or one in quotes
		} `json:"metrics"`
	} `json:"data"`
}

func (r runAnswer) read() (remote, known) {
	steps := map[string]int64{}
	for _, m := range r.Data.Metrics {
		if step, err := m.Step.Int64(); err == nil {
			steps[m.Key] = step
		}
	}
	k := known{params: map[string]string{}, tags: map[string]string{}, status: r.Info.Status}
	for _, p := range r.Data.Params {
		k.params[p.Key] = p.Value
	}
	for _, t := range r.Data.Tags {
		k.tags[t.Key] = t.Value
	}
	return remote{ID: r.Info.RunID, Artifact: r.Info.ArtifactURI, Steps: steps, Deleted: r.Info.Stage == "deleted"}, k
}

func (c *client) experiment(ctx context.Context, name string) (string, error) {
	const op = "find the experiment"
	var found struct {
		Experiment struct {
			ID    string `json:"experiment_id"`
			Stage string `json:"lifecycle_stage"`
		} `json:"experiment"`
	}
	look := func() error {
		return c.get(ctx, op, "experiments/get-by-name", url.Values{"experiment_name": {name}}, &found)
	}
	err := look()
	if hasCode(err, "RESOURCE_DOES_NOT_EXIST") {
		var made struct {
			ID string `json:"experiment_id"`
		}
		err = c.post(ctx, "create the experiment", "experiments/create", map[string]string{"name": name}, &made)
		if err == nil && made.ID != "" {
			return made.ID, nil
		}
		if err == nil || hasCode(err, "RESOURCE_ALREADY_EXISTS") { // by another run at this moment
			err = look()
		}
	}
	switch {
	case err != nil:
		return "", err
	case found.Experiment.Stage == "deleted":
		return "", mistake("mlflow.experiment_name: the experiment %q was deleted at %s; restore it there or choose another name", name, c.target)
	case found.Experiment.ID == "":
		return "", c.fail(op, 0, errors.New("the answer has no experiment_id"))
	}
	return found.Experiment.ID, nil
}

func (c *client) find(ctx context.Context, experiment, uuid string) (string, bool, error) {
	var found struct {
		Runs []runAnswer `json:"runs"`
	}
	body := map[string]any{
		"experiment_ids": []string{experiment}, "max_results": 1,
		"filter": fmt.Sprintf("tags.`%s` = '%s'", uuidTag, uuid),
	}
	if err := c.post(ctx, "look for the run", "runs/search", body, &found); err != nil || len(found.Runs) == 0 {
		return "", false, err
	}
	return found.Runs[0].Info.RunID, true, nil
}

func (c *client) create(ctx context.Context, experiment string, r newRun) (string, error) {
	const op = "create the run"
	var made struct {
		Run runAnswer `json:"run"`
	}
	body := map[string]any{
		"experiment_id": experiment, "run_name": r.Name, "start_time": r.Start, "user_id": r.User,
		"tags": []pair{{"mlflow.runName", r.Name}, {"mlflow.user", r.User}, {uuidTag, r.UUID}},
	}
	if err := c.post(ctx, op, "runs/create", body, &made); err != nil {
		return "", err
	}
	if made.Run.Info.RunID == "" {
		return "", c.fail(op, 0, errors.New("the answer has no run_id"))
	}
	return made.Run.Info.RunID, nil
}

func (c *client) load(ctx context.Context, id string) (remote, known, error) {
	const op = "look at the run"
	var found struct {
		Run runAnswer `json:"run"`
	}
	if err := c.get(ctx, op, "runs/get", url.Values{"run_id": {id}}, &found); err != nil {
		return remote{}, known{}, err
	}
	if found.Run.Info.RunID != id {
		return remote{}, known{}, c.fail(op, 0, errors.New("the answer is about another run"))
	}
	r, k := found.Run.read()
	return r, k, nil
}

func (c *client) update(ctx context.Context, id, status string, end int64) error {
	const op = "set the run's status"
	body := map[string]any{"run_id": id, "status": status}
	if end > 0 {
		body["end_time"] = end
	}
	var answer struct {
		Info struct {
			RunID string `json:"run_id"`
		} `json:"run_info"`
	}
	if err := c.post(ctx, op, "runs/update", body, &answer); err != nil {
		return err
	}
	if answer.Info.RunID != id {
		return c.fail(op, 0, errors.New("the answer is about another run"))
	}
	return nil
}

func (c *client) log(ctx context.Context, id string, b batch) error {
	body := struct {
		RunID string `json:"run_id"`
		batch
	}{id, b}
	return c.post(ctx, "log", "runs/log-batch", body, &struct{}{})
}

// artifact sends a file through the server's proxy; where the run's artifacts lie in a
// folder of this machine, it is written there, as MLflow's own client does.
func (c *client) artifact(ctx context.Context, r remote, path string, f *os.File, size int64) error {
	op := "store " + path
	u, err := url.Parse(r.Artifact)
	if err != nil {
		return c.fail(op, 400, fmt.Errorf("the run's artifact_uri %q cannot be read", r.Artifact))
	}
	switch u.Scheme {
	case "mlflow-artifacts":
		return c.upload(ctx, op, strings.TrimPrefix(u.Path, "/")+"/"+path, f, size)
	case "file", "":
		return copyArtifact(u.Path, path, f, size)
	}
	e := c.fail(op, 400, fmt.Errorf("the run's artifacts are in %s://, which trainer does not write to; start the server with --serve-artifacts and --artifacts-destination", u.Scheme))
	return e
}
