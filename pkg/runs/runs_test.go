package runs

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func save(t *testing.T, dir, name string, epoch int64, metric float64) {
	t.Helper()
	f := &checkpoint.File{Epoch: epoch, MetricValue: metric, Config: checkpoint.NewDict("model", checkpoint.NewDict("type", "sae"))}
	if err := (checkpoint.Store{Dir: filepath.Join(dir, "checkpoints")}).Save(f, []string{name}); err != nil {
		t.Fatal(err)
	}
}

// epochLine is a record as the journal has it.
func epochLine(epoch int, train, val string) string {
	return fmt.Sprintf(`{"time":"2026-01-31T12:%02d:00.000Z","kind":"epoch","step":%d,"epoch":%d,"train/loss":%s,"val/loss":%s}`+"\n", epoch, 10*epoch, epoch, train, val)
}

// example is a folder of three runs: one with a journal, one without, one of another
// program that has neither config nor journal.
func example(t *testing.T) string {
	root := t.TempDir()
	a := filepath.Join(root, "vae", "a")
	put(t, filepath.Join(a, "config.yaml"), "experiment: {name: a}\nmodel: {type: vae, variant: beta_vae, beta: 4.0, encoder: {hidden_dims: [8, 4]}}\ntraining: {epochs: 3}\ncheckpoint: {monitor: val/loss, mode: min}\n")
	put(t, filepath.Join(a, "logs", "metrics.jsonl"), epochLine(1, "9", "8")+`{"time":"2026-01-31T12:01:30.000Z","kind":"step","step":15,"epoch":2,"train/loss":1}`+"\nno record\n"+
		epochLine(2, "7", "6.5")+epochLine(3, "5", `"NaN"`)+`{"time":"2026-01-31T12:04`)
	put(t, filepath.Join(a, "logs", "training.log"), "2026-01-31 12:03:00  interrupted after step 35\n")
	b := filepath.Join(root, "vae", "b")
	put(t, filepath.Join(b, "config.yaml"), "model: {type: vae, variant: vae, beta: 1}\ntraining: {epochs: 5}\n")
	save(t, b, checkpoint.BestName, 4, 3.5)
	save(t, b, checkpoint.LastName, 5, 4)
	save(t, filepath.Join(root, "sae", "c"), "epoch_002.pt", 2, 1)
	save(t, filepath.Join(root, "sae", "c"), "epoch_010.pt", 10, math.NaN())
	return root
}

func read(t *testing.T, root string) []*Run {
	t.Helper()
	list, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func namesOf(list []*Run) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Info.Name)
	}
	return strings.Join(out, " ")
}

func TestARunIsReadFromWhatIsThere(t *testing.T) {
	list := read(t, example(t))
	if namesOf(list) != "c a b" {
		t.Fatal(namesOf(list))
	}
	for i, want := range []string{
		"sae  best NaN at 0, epoch 10",
		"vae interrupted best 6.5 at 2, epoch 3/3",
		"vae finished best 3.5 at 4, epoch 5/5",
	} {
		r := list[i]
		if got := fmt.Sprintf("%s %s best %v at %d, epoch %s", r.Type(), r.State, r.Best, r.BestEpoch, r.epochOf()); got != want {
			t.Errorf("found %s, want %s", got, want)
		}
	}
	if a := list[1]; a.Took() != 2*time.Minute || a.Step != 30 || len(a.Metrics) != 2 || a.Metrics[1].Value != 6.5 || a.Last[0].Value != 5 {
		t.Errorf("%+v", a)
	}
}

func TestAValueIsAColumnASettingOrAMetric(t *testing.T) {
	a := read(t, example(t))[1]
	for name, want := range map[string]string{
		"type": "vae", "state": "interrupted", "best": "6.5", "epoch": "3", "time": "120.000", "variant": "beta_vae",
		"model.beta": "4", "model.encoder.hidden_dims": "[8, 4]", "val/loss": "6.5", "train/loss": "7", "started": "2026-01-31T12:01:00Z",
	} {
		v, ok := a.Value(name)
		if got := Text(v); !ok || got != want {
			t.Errorf("%s is %q, %v; want %q", name, got, ok, want)
		}
	}
	for _, name := range []string{"model", "model.beta.x", "model.gamma", "val/kl"} {
		if v, ok := a.Value(name); ok && name != "model" {
			t.Errorf("%s is %v", name, v)
		}
	}
}

func TestConditions(t *testing.T) {
	list := read(t, example(t))
	for expr, want := range map[string]string{
		"model.beta>2": "a", "model.beta >= 1": "a b", "model.beta=1": "b", "model.beta==1.0": "b", "model.beta!=1": "c a",
		"best<4": "b", "best<=6.5": "a b", "state=finished": "b", "state!=finished": "c a", "name~^[ab]$": "a b",
		"model.encoder.hidden_dims~4": "a", "size>0B": "c a b", "size<1GB": "c a b", "time>=2m": "a", "type=vae": "a b",
		"started>2026-01-31": "c a b", "started<2026-02": "a", "time<3m": "c a b", "val/loss>6": "a", "model.variant='vae'": "b", "epoch<10": "a b",
	} {
		c, err := ParseCondition(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got, err := Filter(list, []Condition{c})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
		}
		if namesOf(got) != want {
			t.Errorf("%s: found %q, want %q", expr, namesOf(got), want)
		}
	}
}

func TestConditionsThatCannotBeAreMistakes(t *testing.T) {
	for expr, phrase := range map[string]string{"": "expected NAME OPERATOR VALUE", "model.beta": "expected NAME", ">2": "expected NAME", "name~(": "missing closing"} {
		_, err := ParseCondition(expr)
		if m, ok := err.(*Mistake); !ok || !m.UserError() || !strings.Contains(err.Error(), phrase) {
			t.Errorf("%q: %v, want a mistake that says %q", expr, err, phrase)
		}
	}
	list := read(t, example(t))
	for name, phrase := range map[string]string{"model.betta": "did you mean model.beta?", "beta": "did you mean model.beta?", "loss": "did you mean ", "zzzzzzzz": "expected a key of the config"} {
		if _, err := Filter(list, []Condition{{Name: name, Op: "=", Want: "1"}}); err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("%s: %v, want %q", name, err, phrase)
		}
		if err := Sort(list, name); err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("%s: %v, want %q", name, err, phrase)
		}
	}
}

func TestSort(t *testing.T) {
	root := example(t)
	for by, want := range map[string]string{
		"name": "a b c", "-name": "c b a", "best": "b a c", "-best": "a b c", "epoch": "a b c", "type": "c a b", "model.beta": "b a c", "val/loss": "a c b",
	} {
		list := read(t, root)
		if err := Sort(list, by); err != nil || namesOf(list) != want {
			t.Errorf("%s: found %q, %v; want %q", by, namesOf(list), err, want)
		}
	}
}

func TestBytesHaveUnits(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_950: "1.0 MB", 1_234_567_890: "1.2 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestAThousandRunsAreReadOnce(t *testing.T) {
	root := t.TempDir()
	for i := range 300 {
		dir := filepath.Join(root, fmt.Sprintf("run_%03d", i))
		put(t, filepath.Join(dir, "config.yaml"), fmt.Sprintf("model: {type: vae, beta: %d}\n", i))
		put(t, filepath.Join(dir, "logs", "metrics.jsonl"), epochLine(1, "1", fmt.Sprint(i)))
	}
	list, err := Read(root, filepath.Join(root, "run_007"))
	if err != nil || len(list) != 300 {
		t.Fatal(len(list), err)
	}
	for i, r := range list {
		if v, _ := r.Value("model.beta"); v != float64(i) || r.Best != float64(i) {
			t.Errorf("run %d has beta %v, best %v", i, v, r.Best)
		}
	}
}

func TestSectionsAreTextInOneLine(t *testing.T) {
	layers := []any{"flatten", map[string]any{"linear": int64(4)}, map[string]any{"out": 2, "bias": false}, map[string]any{"residual": []any{map[string]any{"linear": 3}}}}
	want := "{layers: [flatten, linear: 4, {bias: false, out: 2}, residual: [linear: 3]], name: kind}"
	if got := Text(map[string]any{"name": "kind", "layers": layers}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
