package mlflow

import (
	"context"
	"fmt"
	"time"
)

// checking is the time for an answer where MLflow is required.
const checking = 30 * time.Second

// Check holds that a target answers and lets this user in, within half a minute.
func Check(ctx context.Context, t Target, getenv func(string) string, experiment string) error {
	ctx, cancel := context.WithTimeout(ctx, checking)
	defer cancel()
	st, err := open(t, getenv)
	if err != nil {
		return err
	}
	_, err = st.experiment(ctx, experiment)
	return err
}

// Sent is what a Sync did.
type Sent struct {
	Run string `json:"run_id"`
	Counts
	Status string `json:"status"`
}

// syncTries bounds the tries of a Sync for errors that may pass.
const syncTries = 4

// Sync sends what a run that has ended still has for its target, and tells what it sent.
// An error that may pass is tried again a few times.
func Sync(ctx context.Context, t Target, getenv func(string) string, spool Spool, note func(string)) (Sent, error) {
	w, ok, err := spool.Wanted()
	if err != nil || !ok {
		return Sent{}, err
	}
	unlock, ok := spool.Lock()
	if !ok {
		return Sent{}, mistake("%s is being sent by another process; wait until it ends", spool.Dir())
	}
	defer unlock()
	s, err := newSender(spool, t, getenv, note)
	if err != nil {
		return Sent{}, err
	}
	defer s.close()
	s.wanted = w
	for try := 1; ; try++ {
		if err = s.pass(ctx); err == nil || hopeless(err) || try == syncTries || ctx.Err() != nil {
			return Sent{Run: s.remote.ID, Counts: s.counts, Status: w.Status}, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(try) * time.Second):
		}
	}
}

// EndDead records how a run ended whose process was killed before it said so, at its last
// sign of life; false where the run had an end, or is not reported at all. Call it only
// where no process trains the run.
func (s Spool) EndDead(status string, lastSign time.Time) (bool, error) {
	w, ok, err := s.Wanted()
	if err != nil || !ok || w.Status != Running {
		return false, err
	}
	w.Status, w.End = status, lastSign.UnixMilli()
	if lastSign.IsZero() {
		w.End = time.Now().UnixMilli()
	}
	if err := s.SetWanted(w); err != nil {
		return false, fmt.Errorf("mlflow: record the end of a killed run: %w", err)
	}
	return true, nil
}

// AddTags adds tags to a run that has ended.
func (s Spool) AddTags(tags map[string]string) error {
	w, ok, err := s.Wanted()
	if err != nil || !ok {
		return err
	}
	if w.Tags == nil {
		w.Tags = map[string]string{}
	}
	for k, v := range tags {
		w.Tags[k] = v
	}
	return s.SetWanted(w)
}

// AddRecord keeps what a command did with the run, to be sent as records/{name}.json.
func (s Spool) AddRecord(name string, content any) error {
	return s.write("records/"+name+".json", content)
}
