package trainer

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
)

// config is the config that a checkpoint was made with, with the defaults of keys that
// an older trainer did not know.
func (r *resumption) config(o config.Options) (*config.Train, *config.Document, error) {
	text, err := yaml.Marshal(checkpoint.ToGo(r.file.Config))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: config: %w", r.path, err)
	}
	cfg, doc, err := config.ParseTrain(r.path+": config", text, o)
	return cfg, doc, withoutLines(err)
}

// accept compares the config with the one that the checkpoint was made with: keys that
// may change are told, others refused.
func (r *resumption) accept(doc *config.Document) error {
	_, before, err := r.config(config.Options{Models: models()})
	if err != nil {
		return err
	}
	var refused problems
	for _, c := range changes("", plain(before), plain(doc)) {
		switch {
		case sameLater(c.key):
		case mayChange(c.key):
			r.notices = append(r.notices, fmt.Sprintf("%s: %s, was %s", c.key, shown(c.now), shown(c.before)))
		default:
			refused = append(refused, &located{doc.Place(c.key), mistakef("%s: found %s, but %s was trained with %s; a resumed run cannot change it: set it back, or train a new experiment",
				c.key, shown(c.now), r.path, shown(c.before))})
		}
	}
	return refused.err()
}

// plain is a config as a checkpoint holds it.
func plain(doc *config.Document) map[string]any {
	m, _ := checkpoint.ToGo(checkpoint.FromGo(doc.Map())).(map[string]any)
	return m
}

// change is a key whose value differs.
type change struct {
	key         string
	before, now any
}

// changes lists the keys that differ, sorted; nil stands for an absent one.
func changes(prefix string, before, now map[string]any) []change {
	var keys []string
	for k := range before {
		keys = append(keys, k)
	}
	for k := range now {
		if _, known := before[k]; !known {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var out []change
	for _, k := range keys {
		a, isMapA := before[k].(map[string]any)
		b, isMapB := now[k].(map[string]any)
		switch {
		case isMapA && isMapB:
			out = append(out, changes(prefix+k+".", a, b)...)
		case fmt.Sprint(before[k]) != fmt.Sprint(now[k]):
			out = append(out, change{prefix + k, before[k], now[k]})
		}
	}
	return out
}

// shown is a value of a config in a message.
func shown(v any) string {
	if v == nil {
		return "nothing"
	}
	return fmt.Sprint(v)
}

// sameLater says that a key has no bearing on a run that is there already.
func sameLater(key string) bool { return key == "experiment.on_exists" }

// mayChange says whether a resumed run may have another value of a key: how long, where
// and how it is watched, not what is trained on what, nor what counts as best.
func mayChange(key string) bool {
	for _, free := range []string{
		"experiment.name", "experiment.output_dir",
		"data.path", "data.train", "data.val", "data.test", "data.labels", "data.experiment", "data.in_memory",
		"training.epochs", "training.steps", "training.early_stopping", "training.log_every_steps", "training.device", "training.threads",
		"checkpoint.save_strategy", "checkpoint.resume_every", "checkpoint.on_error", "tracking", "mlflow",
	} {
		if key == free || strings.HasPrefix(key, free+".") {
			return true
		}
	}
	return false
}
