package trainer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/sweep"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// member is one of several models that are trained on one pass over the data, as a run of
// its own.
type member struct {
	name string // that of its experiment
	cfg  *config.Train
	doc  *config.Document
	from *resumption // nil: it begins anew
	out  *console
	s    *session
	draw func() // puts the random streams where they stood when the model was made
	end  *ending
}

// oneModel refuses the members of a config where a command is about one model.
func oneModel(cfg *config.Train, why string) error {
	if len(cfg.Model.Members) == 0 {
		return nil
	}
	return mistakef("model.members: %s; take them away with --set model.members=null, or train them all with `trainer train`", why)
}

// loadMembers reads the config of each member of base, which is that of path and set.
func loadMembers(out *console, path string, set []string, base *config.Train) ([]*member, error) {
	var points []sweep.Point
	for _, m := range base.Model.Members {
		var p sweep.Point
		for _, s := range m.Set {
			key, value, _ := strings.Cut(s, "=")
			p = append(p, sweep.Setting{Key: key, Value: value})
		}
		points = append(points, p)
	}
	names := sweep.Names(base.Experiment.Name, points)
	var members []*member
	for i, m := range base.Model.Members {
		if m.Name != "" {
			names[i] = base.Experiment.Name + "_" + m.Name
		}
		if first := slices.Index(names[:i], names[i]); first >= 0 {
			return nil, mistakef("model.members[%d]: found the same as members[%d], which would be the same run %s; change it, or give it a name", i, first, names[i])
		}
		own := slices.Concat(set, []string{"model.members=null", "experiment.name=" + names[i]}, m.Set)
		cfg, doc, err := config.LoadTrain(path, config.Options{Models: models(), Set: own})
		if err != nil {
			return nil, err
		}
		if err := bestIsTold(cfg); err != nil {
			return nil, err
		}
		members = append(members, &member{name: names[i], cfg: cfg, doc: doc, out: out.of(names[i])})
	}
	return members, nil
}

// trainMembers trains the members of a config together. The result is a table of them.
func trainMembers(ctx context.Context, out *console, path string, set []string, base *config.Train, doc *config.Document) error {
	if base.Data.BatchSize == 0 {
		return locate(doc, mistakef("data.batch_size: auto is found for one model, and there are %d members; give a number", len(base.Model.Members)))
	}
	members, err := loadMembers(out, path, set, base)
	if err != nil {
		return locate(doc, err)
	}
	s, err := openSession(members[0].cfg, out.note)
	if err != nil {
		return locate(doc, err)
	}
	defer s.close()
	for _, m := range members {
		if err := m.open(ctx, s); err != nil {
			return locate(m.doc, err)
		}
	}
	if err := s.engine.Do(ctx, func() error { return together(ctx, members) }); err != nil {
		return locate(doc, err)
	}
	var records []map[string]any
	for _, m := range members {
		records = append(records, m.end.record())
	}
	return out.result(records, membersTable(members))
}

// open gives a member a session of its own, on the data and the engine of the first.
func (m *member) open(ctx context.Context, first *session) (err error) {
	own := *first
	own.cfg, own.git, own.notices = m.cfg, later(gitState), slices.Clone(first.notices)
	m.s = &own
	dir := filepath.Join(m.cfg.Experiment.OutputDir, m.name)
	if m.cfg.Experiment.OnExists == experiment.Resume {
		if m.from, err = findResumption(dir, m.out); err != nil {
			return err
		}
	}
	if err := m.from.fits(m.cfg, m.doc); err != nil {
		return err
	}
	if own.mlflow, err = mlflowTarget(ctx, m.cfg.MLflow, m.doc); err != nil {
		return err
	}
	settle(ctx, m.out, dir)
	if m.from != nil {
		return m.from.apply(m.s, m.out)
	}
	return nil
}

// together builds all members and trains them, inside Engine.Do. Nothing is written before
// each has seen a batch.
func together(ctx context.Context, members []*member) error {
	scope := torch.NewScope("param")
	defer scope.Close()
	for _, m := range members {
		if err := m.s.build(scope); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		m.draw = train.RandomStreams(m.s.parts.Device)
	}
	first := members[0].s
	free, err := first.reside()
	if err != nil {
		return err
	}
	defer free()
	var runs []func(*train.Seat) error
	for _, m := range members {
		m.s.parts.Resident, m.s.batches = first.parts.Resident, first.batches
		runs = append(runs, func(seat *train.Seat) (err error) {
			m.draw()
			m.s.parts.Seat = seat
			m.end, err = trainBuilt(ctx, m.out, m.s, m.doc)
			return err
		})
	}
	errs := train.Together(runs)
	for i, m := range members {
		if errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w", m.name, errs[i])
			continue
		}
		m.end.evaluate(ctx, m.out, m.s)
	}
	return errors.Join(errs...)
}

// membersTable lists what was trained, in the config's order.
func membersTable(members []*member) string {
	t := &table{right: map[int]bool{1: true, 2: true}}
	t.add("RUN", "BEST "+strings.ToUpper(members[0].end.monitor), "EPOCH", "DIR")
	for _, m := range members {
		score := m.end.result.Score
		t.add(m.name, fmt.Sprintf("%.6g", score.Best), fmt.Sprint(score.BestEpoch), m.end.dir)
	}
	return t.String()
}

// of is the console of one of several runs: its messages begin with its name, and no
// progress is drawn.
func (c *console) of(name string) *console {
	own := *c
	own.stderr, own.plain = &prefixed{to: c.stderr, prefix: name + ": "}, true
	return &own
}

// prefixed puts a text before each line.
type prefixed struct {
	to     io.Writer
	prefix string
	within bool // a line that has begun
}

// Write passes on p, whole.
func (w *prefixed) Write(p []byte) (int, error) {
	var b bytes.Buffer
	for line := range bytes.Lines(p) {
		if !w.within {
			b.WriteString(w.prefix)
		}
		b.Write(line)
		w.within = !bytes.HasSuffix(line, []byte("\n"))
	}
	if _, err := w.to.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}
