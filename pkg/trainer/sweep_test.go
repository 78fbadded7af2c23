package trainer

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/experiment"
)

// swept runs a sweep of x.yaml in a process of its own and reads its result.
func swept(t *testing.T, code int, args ...string) ([]trialEntry, result) {
	t.Helper()
	r := runProcess(t, built, nil, append([]string{"sweep", "x.yaml", "--json"}, args...)...)
	if r.code != code {
		t.Fatalf("exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.messages)
	}
	var list []trialEntry
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil && r.stdout != "" {
		t.Fatal(err, r.stdout)
	}
	return list, r
}

func TestASweepTrainsEveryCombinationAndRanksThem(t *testing.T) {
	s := newTorchSite(t)
	grid := []string{"--grid", "model.latent_dim=2,3", "--grid", "model.encoder.hidden_dims=[8],[4, 2]", "--jobs", "2"}
	list, r := swept(t, exitDone, grid...)
	if got := names(t, "runs"); strings.ReplaceAll(got, ".lock", "") == "" || len(list) != 4 {
		t.Fatalf("%s: %+v", got, list)
	}
	for i, e := range list {
		if e.State != "finished" || e.Run == nil || e.Rank != i+1 || i > 0 && e.Run.Best.(float64) < list[i-1].Run.Best.(float64) {
			t.Errorf("%d: %+v %s", i, e, r.messages)
		}
	}
	if !like(s.read("runs/a_latent_dim-3_hidden_dims-4-2/config.yaml"), "…name: a_latent_dim-3_hidden_dims-4-2…hidden_dims: [4, 2]…") {
		t.Error(s.read("runs/a_latent_dim-3_hidden_dims-4-2/config.yaml"))
	}
	before := listing(t, "runs")
	again, r := swept(t, exitDone, grid...)
	unchanged(t, before, listing(t, "runs"))
	if len(again) != 4 || again[0].Name != list[0].Name || !strings.Contains(r.messages, "0 to train, 0 to resume, 4 finished") {
		t.Errorf("%+v %s", again, r.messages)
	}
	if more, r := swept(t, exitDone, "--grid", "model.latent_dim=2,3,4", "--grid", "model.encoder.hidden_dims=[8],[4, 2]"); len(more) != 6 || !strings.Contains(r.messages, "2 to train, 0 to resume, 4 finished") {
		t.Error(r.messages)
	}
}

func TestSamplesOfASweepAreThoseOfTheirSeed(t *testing.T) {
	newTorchSite(t)
	args := []string{"--samples", "2", "--log-uniform", "training.optimizer.lr=1e-4,1e-2", "--dry-run"}
	first, _ := swept(t, exitDone, args...)
	second, _ := swept(t, exitDone, args...)
	other, _ := swept(t, exitDone, append(args, "--seed", "1")...)
	if len(first) != 2 || first[0].Name != second[0].Name || first[0].Name == other[0].Name || !strings.HasPrefix(first[0].Name, "a_lr-0.00") {
		t.Errorf("%+v %+v %+v", first, second, other)
	}
	if names(t, "runs") != "" {
		t.Error("--dry-run made something")
	}
}

func TestAnInterruptedSweepGoesOn(t *testing.T) {
	s := newTorchSite(t)
	s.write("x.yaml", strings.Replace(small, "epochs: 1\n", "epochs: 400\n  log_every_steps: 1\n", 1))
	args := []string{"sweep", "x.yaml", "--grid", "model.latent_dim=2,3,4", "--jobs", "2"}
	c := start(t, args...)
	c.until(func() bool { return reaches("runs/a_latent_dim-2", 20)() && reaches("runs/a_latent_dim-3", 20)() })
	c.send(syscall.SIGINT)
	if code := c.wait(); code != exitInterrupt {
		t.Errorf("exit code %d: %s", code, &c.stderr)
	}
	if messages := c.stderr.String(); !strings.Contains(messages, "of 3 runs are finished; the same command goes on") || strings.Contains(messages, "latent_dim-4: training") {
		t.Error(messages)
	}
	for _, name := range []string{"a_latent_dim-2", "a_latent_dim-3"} {
		if info, err := experiment.Find("runs/" + name); err != nil || info.Status != experiment.Interrupted {
			t.Errorf("%s: %+v %v", name, info, err)
		}
	}
	list, r := swept(t, exitDone, args[2:]...)
	if len(list) != 3 || !strings.Contains(r.messages, "1 to train, 2 to resume") || list[2].State != "finished" || list[0].Run.Epoch != 400 {
		t.Errorf("%+v %s", list, r.messages)
	}
}

// A sweep that is killed leaves no run behind that goes on without it.
func TestAKilledSweepStopsItsRuns(t *testing.T) {
	newTorchSite(t)
	c := start(t, withSet([]string{"sweep", "x.yaml", "--grid", "model.latent_dim=2,3", "--jobs", "2"}, endless)...)
	c.until(func() bool { return reaches("runs/a_latent_dim-2", 5)() && reaches("runs/a_latent_dim-3", 5)() })
	c.send(syscall.SIGKILL)
	c.wait()
	for _, name := range []string{"runs/a_latent_dim-2", "runs/a_latent_dim-3"} {
		held, err := experiment.Hold(name)
		for begin := time.Now(); err != nil && time.Since(begin) < 2*time.Minute; time.Sleep(5 * time.Millisecond) {
			held, err = experiment.Hold(name)
		}
		if err != nil {
			t.Fatal(err)
		}
		held.Release()
		if info, err := experiment.Find(name); err != nil || info.Status != experiment.Interrupted {
			t.Errorf("%+v, %v", info, err)
		}
	}
}

func TestAFailedRunStopsNoOtherAndIsRetriedWhenAsked(t *testing.T) {
	newTorchSite(t)
	args := []string{"--grid", "training.optimizer.lr=1.0e+30,1.0e-3", "--set", "training.epochs=60"}
	list, r := swept(t, exitFailed, args...)
	if len(list) != 2 || list[0].State != "finished" || list[1].State != "failed" || list[1].Error == "" || !strings.Contains(r.messages, "1 of 2 runs failed") {
		t.Errorf("%+v %s", list, r.messages)
	}
	if _, r = swept(t, exitFailed, append(args, "--retry")...); !strings.Contains(r.messages, "failed, once more") || !strings.Contains(r.messages, "1 to train") {
		t.Error(r.messages)
	}
}

func TestASweepThatCannotBeTrainsNothing(t *testing.T) {
	s := newTorchSite(t)
	for args, phrase := range map[string]string{
		"sweep":                                              "sweep needs a config file",
		"sweep x.yaml":                                       "nothing is searched",
		"sweep y.yaml --grid a=1":                            "did you mean x.yaml?",
		"sweep x.yaml --grid model.bta=1,2":                  "--grid model.bta=1: unknown key",
		"sweep x.yaml --grid model.latent_dim=2,x":           "--grid model.latent_dim=x: found",
		"sweep x.yaml --grid data.count=64,0":                "data.count=0",
		"sweep x.yaml --grid model.latent_dim=2 --jobs 0":    "--jobs: found 0",
		"sweep x.yaml --grid model.latent_dim=2 --jobs x":    "flag -jobs",
		"sweep x.yaml --samples 3 --grid model.latent_dim=2": "--samples needs a key to draw",
		"sweep x.yaml --uniform model.latent_dim=2,4":        "needs --samples",
		"sweep x.yaml --grid experiment.name=a,b":            "the sweep's own business",
		"sweep x.yaml --grid data.source=npy":                "data.",
	} {
		if r := s.run(strings.Fields(args)...); r.code != exitMistake || !strings.Contains(r.messages, phrase) || r.stdout != "" {
			t.Errorf("%s: exit code %d, %s%s", args, r.code, r.stdout, r.messages)
		}
	}
	if got := names(t, "."); got != "x.yaml" {
		t.Errorf("made %s", got)
	}
	s.train("experiment.name=a_latent_dim-2", "experiment.seed=9")
	if r := s.run("sweep", "x.yaml", "--grid", "model.latent_dim=2,3"); r.code != exitMistake || !strings.Contains(r.messages, "runs/a_latent_dim-2 is there with another experiment.seed: 9, this sweep has 7") {
		t.Errorf("exit code %d, %s", r.code, r.messages)
	}
}
