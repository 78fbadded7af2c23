package mlflow

import (
	"context"
	"os"
	"time"
)

// store is a target in use: a server, or a file store. Calls may be repeated: what is
// there already is no error and is not stored twice.
type store interface {
	// experiment gives the id of the experiment of that name, which is made where it
	// is missing.
	experiment(ctx context.Context, name string) (id string, err error)
	// find looks for the run with our own id; ok is false where there is none.
	find(ctx context.Context, experiment, uuid string) (id string, ok bool, err error)
	create(ctx context.Context, experiment string, r newRun) (id string, err error)
	// load asks what is known of a run.
	load(ctx context.Context, id string) (remote, known, error)
	// update sets status (RUNNING, FINISHED, FAILED, KILLED) and end (ms; 0 = none).
	update(ctx context.Context, id, status string, end int64) error
	// log stores a batch within the limits of batches.
	log(ctx context.Context, id string, b batch) error
	// artifact stores the first size bytes of a file under a slash-separated path.
	artifact(ctx context.Context, r remote, path string, f *os.File, size int64) error
}

// remote is a run as the target has it.
type remote struct {
	ID       string
	Artifact string           // artifact_uri
	Steps    map[string]int64 // the last step of each metric
	Deleted  bool
}

// newRun is what a run is made with.
type newRun struct {
	Name, UUID, User string
	Start            int64 // ms
}

// uuidTag is the tag that makes creating a run repeatable: a server gives no choice of
// its id.
const uuidTag = "trainer.uuid"

// point is a metric's value at a step.
type point struct {
	Key   string `json:"key"`
	Value number `json:"value"`
	Time  int64  `json:"timestamp"` // ms
	Step  int64  `json:"step"`
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// batch is what one call stores.
type batch struct {
	Metrics []point `json:"metrics,omitempty"`
	Params  []pair  `json:"params,omitempty"`
	Tags    []pair  `json:"tags,omitempty"`
}

// halves are the batch in two parts.
func (b batch) halves() [2]batch {
	m, p, t := len(b.Metrics)/2, len(b.Params)/2, len(b.Tags)/2
	if m+p+t == 0 { // one of each: the metrics alone
		m = len(b.Metrics)
	}
	return [2]batch{{b.Metrics[:m], b.Params[:p], b.Tags[:t]}, {b.Metrics[m:], b.Params[p:], b.Tags[t:]}}
}

// open makes the store of a target.
func open(t Target, getenv func(string) string) (store, error) {
	if t.FileStore() {
		return &fileStore{root: t.folder, now: time.Now}, nil
	}
	return newClient(t, getenv)
}

func (b batch) len() int { return len(b.Metrics) + len(b.Params) + len(b.Tags) }

// The limits of MLflow: items of one batch, characters of keys and values.
const (
	maxMetrics    = 1000
	maxParams     = 100
	maxTags       = 100
	maxKey        = 250
	maxParamValue = 6000
	maxTagValue   = 8000
)
