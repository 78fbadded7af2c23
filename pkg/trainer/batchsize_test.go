package trainer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
)

func savedBatchSize(t *testing.T, path string) int {
	t.Helper()
	cfg, _, err := config.LoadTrain(path, config.Options{Models: models()})
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Data.BatchSize
}

// The search leaves nothing behind but the number: in the saved config, in the log, and
// in a run that has the same bits as one with that number written down.
func TestABatchSizeThatWasFoundIsTheRunsOwn(t *testing.T) {
	s := newTorchSite(t)
	s.train("data.batch_size=auto", "training.epochs=2", "experiment.output_dir=found")
	found := savedBatchSize(t, "found/a/config.yaml")
	if found < 1 || found&(found-1) != 0 {
		t.Fatalf("config.yaml has batch_size %d, want a power of two", found)
	}
	if want := fmt.Sprintf("data.batch_size: auto is %d on cpu", found); !strings.Contains(s.read("found/a/logs/training.log"), want) {
		t.Errorf("training.log does not say %q", want)
	}
	s.train(fmt.Sprintf("data.batch_size=%d", found), "training.epochs=2", "experiment.output_dir=given")
	s.same("given/a", "found/a")
}

func TestARunThatGoesOnHasTheBatchSizeThatWasFound(t *testing.T) {
	s := newTorchSite(t)
	s.train("data.batch_size=auto", "training.epochs=1")
	found := savedBatchSize(t, "runs/a/config.yaml")
	s.ok("resume", "runs/a", "--set", "training.epochs=2")
	s.train("data.batch_size=auto", "training.epochs=3", "experiment.on_exists=resume")
	if again := savedBatchSize(t, "runs/a/config.yaml"); again != found {
		t.Errorf("batch_size %d after resuming, was %d", again, found)
	}
}

func TestValidateTakesAutoAsABatchSize(t *testing.T) {
	s := newSite(t)
	if r := s.ok("validate", "x.yaml", "--set", "data.batch_size=auto"); strings.Contains(r.stdout, "steps") {
		t.Errorf("tells steps that are not known: %s", r.stdout)
	}
}
