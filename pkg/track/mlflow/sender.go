package mlflow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"syscall"

	"github.com/gotrainer/trainer/pkg/track"
)

// sender brings a target to the state that a run's spool, journal and files describe.
// What the target has is asked of it at the beginning, so that nothing is stored twice
// whatever was lost: an answer, the spool, or the end of the process. It is used by one
// goroutine.
type sender struct {
	spool  Spool
	store  store
	note   func(string)
	began  func() // called when the run is there; may be nil
	wanted Wanted
	sent   sent
	remote remote
	known  known // what the target has of parameters, tags and status

	place    string // the experiment's id
	made     bool   // the run was found or made by this sender
	ready    bool   // the run is there and was asked for
	journals map[string]*track.Follower
	queued   map[string]int64 // the last step of each metric, sent or in pending
	judged   judged
	pending  []point
	told     map[string]bool
	counts   Counts
}

// Counts are what was sent.
type Counts struct {
	Metrics int `json:"metrics"`
	Files   int `json:"files"`
}

// known is what the target has of a run.
type known struct {
	params, tags map[string]string
	status       string
}

func newSender(spool Spool, t Target, getenv func(string) string, note func(string)) (*sender, error) {
	st, err := open(t, getenv)
	if err != nil {
		return nil, err
	}
	s := &sender{spool: spool, store: st, note: note, journals: map[string]*track.Follower{}, judged: judged{values: map[string]number{}}, told: map[string]bool{}}
	err = spool.read("sent.json", &s.sent)
	if s.sent.URI != t.String() || err != nil { // another server knows nothing of the run
		s.sent = sent{URI: t.String()}
	}
	if s.sent.Files == nil {
		s.sent.Files = map[string]string{}
	}
	return s, nil
}

func (s *sender) close() {
	for _, j := range s.journals {
		j.Close()
	}
}

// pass sends everything that there is to send, in order, until an error.
func (s *sender) pass(ctx context.Context) error {
	if !s.ready {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	ended := s.wanted.Status != Running
	if !ended {
		if err := s.status(ctx); err != nil {
			return err
		}
	}
	if err := s.describe(ctx); err != nil {
		return err
	}
	if err := s.metrics(ctx); err != nil {
		return err
	}
	if ended {
		if err := s.status(ctx); err != nil {
			return err
		}
	}
	for _, file := range s.files() {
		if err := s.sendFile(ctx, file); err != nil {
			return err
		}
		s.counts.Files++
	}
	if all := s.wanted.digest(); ended && s.sent.All != all {
		s.sent.All = all
		s.save()
	}
	return nil
}

// connect finds the run, or makes it, and asks what is known of it. What succeeded is
// not done again after an error.
func (s *sender) connect(ctx context.Context) (err error) {
	if s.sent.Run == "" {
		if err := s.findOrCreate(ctx); err != nil {
			return err
		}
	}
	s.remote, s.known, err = s.store.load(ctx, s.sent.Run)
	if hasCode(err, "RESOURCE_DOES_NOT_EXIST") && !s.made { // the server forgot it
		s.sent.Run = ""
		return s.connect(ctx)
	}
	if err != nil {
		return err
	}
	s.queued, s.ready = maps.Clone(s.remote.Steps), true
	if s.began != nil {
		s.began()
	}
	return nil
}

func (s *sender) findOrCreate(ctx context.Context) (err error) {
	if s.place == "" {
		if s.place, err = s.store.experiment(ctx, s.wanted.Experiment); err != nil {
			return err
		}
	}
	id, ok, err := s.store.find(ctx, s.place, s.wanted.UUID)
	if err == nil && !ok {
		id, err = s.store.create(ctx, s.place, newRun{Name: s.wanted.RunName, UUID: s.wanted.UUID, User: s.wanted.User, Start: s.wanted.Start})
	}
	if err != nil {
		return err
	}
	s.sent.Run, s.made = id, true
	clear(s.sent.Files)
	s.sent.Evaluated = 0
	s.save()
	return nil
}

// status brings the run's status up to date; a run that goes on is RUNNING again.
func (s *sender) status(ctx context.Context) error {
	if s.known.status == s.wanted.Status {
		return nil
	}
	if err := s.store.update(ctx, s.remote.ID, s.wanted.Status, s.wanted.End); err != nil {
		return err
	}
	s.known.status = s.wanted.Status
	return nil
}

// describe sends parameters and tags that the target does not have as they are. A
// parameter cannot change there: where a resumed run has another value, it is a tag.
func (s *sender) describe(ctx context.Context) error {
	var params, tags []pair
	for _, key := range slices.Sorted(maps.Keys(s.wanted.Params)) {
		p := fit(key, s.wanted.Params[key], maxParamValue)
		if have, ok := s.known.params[p.Key]; !ok {
			params = append(params, p)
		} else if t := fit("resumed/"+key, s.wanted.Params[key], maxTagValue); have != p.Value && s.known.tags[t.Key] != t.Value {
			tags = append(tags, t)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.wanted.Tags)) {
		if t := fit(key, s.wanted.Tags[key], maxTagValue); s.known.tags[t.Key] != t.Value {
			tags = append(tags, t)
		}
	}
	for group := range slices.Chunk(params, maxParams) {
		if err := s.log(ctx, batch{Params: group}); err != nil {
			return err
		}
	}
	for group := range slices.Chunk(tags, maxTags) {
		if err := s.log(ctx, batch{Tags: group}); err != nil {
			return err
		}
	}
	return nil
}

// metrics sends what is new in the journals: while a run is trained what is there now,
// so that files have their turn too, and once it has ended all.
func (s *sender) metrics(ctx context.Context) error {
	for {
		if err := s.read(); err != nil {
			return err
		}
		if len(s.pending) == 0 {
			s.evaluated()
			return nil
		}
		if err := s.sendPending(ctx); err != nil || s.wanted.Status == Running {
			return err
		}
	}
}

func (s *sender) sendPending(ctx context.Context) error {
	for len(s.pending) > 0 {
		n := min(len(s.pending), maxMetrics)
		if err := s.log(ctx, batch{Metrics: s.pending[:n]}); err != nil {
			return err
		}
		s.pending = s.pending[n:]
		s.counts.Metrics += n
	}
	return nil
}

// read takes points from the journals where few are pending. A metric of training has one value
// a step: what a resumed run trains once more was sent before.
func (s *sender) read() error {
	for _, name := range []string{"metrics.jsonl", "system.jsonl"} {
		if len(s.pending) >= maxMetrics {
			return nil
		}
		events, err := s.follow(name)
		if err != nil {
			return err
		}
		for _, e := range events {
			for _, v := range e.Points() {
				key := Key(v.Name)
				if last, ok := s.queued[key]; ok && e.Step <= last {
					continue
				}
				s.queued[key] = e.Step
				s.pending = append(s.pending, point{key, number(v.Value), e.Time.UnixMilli(), e.Step})
			}
		}
	}
	return s.readEvaluations()
}

func (s *sender) follow(name string) ([]track.Event, error) {
	j := s.journals[name]
	if j == nil {
		var err error
		if j, err = track.FollowJournal(s.journalPath(name)); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil, nil // not there, or not yet
		} else if err != nil {
			return nil, err
		}
		s.journals[name] = j
	}
	return j.Next()
}

// log sends a batch. What the target refuses for good is found by halving, and only
// that is left out.
func (s *sender) log(ctx context.Context, b batch) error {
	err := s.store.log(ctx, s.remote.ID, b)
	if err == nil {
		s.remember(b)
		return nil
	}
	if !isPermanent(err) {
		return err
	}
	if r, _, loadErr := s.store.load(ctx, s.remote.ID); loadErr != nil || r.Deleted {
		return errors.Join(err, loadErr)
	}
	if b.len() == 1 {
		s.tell("refused", fmt.Sprintf("%v; it is left out", err))
		s.remember(b)
		return nil
	}
	for _, half := range b.halves() {
		if err := s.log(ctx, half); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) remember(b batch) {
	for _, p := range b.Params {
		s.known.params[p.Key] = p.Value
	}
	for _, t := range b.Tags {
		s.known.tags[t.Key] = t.Value
	}
}

// save records the run's id and the files that were sent. Where that fails, files are
// sent once more by the next process, which does no harm.
func (s *sender) save() {
	if err := s.spool.write("sent.json", s.sent); err != nil {
		s.tell("spool", fmt.Sprintf("mlflow: what was sent is not recorded: %v", err))
	}
}

// tell notes a thing once.
func (s *sender) tell(what, text string) {
	if !s.told[what] {
		s.told[what] = true
		s.note(text)
	}
}
