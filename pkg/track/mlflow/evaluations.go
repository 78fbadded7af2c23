package mlflow

import (
	"errors"
	"fmt"

	"github.com/gotrainer/trainer/pkg/track"
)

// evaluationJournal has what commands computed of a run after it had ended.
const evaluationJournal = "evaluation.jsonl"

// AddMetrics keeps metrics of a run that has ended. What is computed once more for a step is
// sent where its value is another: MLflow shows the latest, and has the earlier ones too.
func (s Spool) AddMetrics(e track.Event) error {
	j, err := track.OpenJournal(s.Path(evaluationJournal))
	if err != nil {
		return err
	}
	return errors.Join(j.Log(e), j.Close())
}

// judged is what was read of the evaluations.
type judged struct {
	values map[string]number // the last one of each metric and step
	until  int64             // ms: the time of the last evaluation
}

// readEvaluations takes points of evaluations. Steps may come in any order there: a checkpoint
// may be evaluated after a later one.
func (s *sender) readEvaluations() error {
	if len(s.pending) >= maxMetrics {
		return nil
	}
	events, err := s.follow(evaluationJournal)
	if err != nil {
		return err
	}
	for _, e := range events {
		at := e.Time.UnixMilli()
		for _, v := range e.Points() {
			p := point{Key(v.Name), number(v.Value), at, e.Step}
			place := fmt.Sprint(p.Key, " ", p.Step)
			last, again := s.judged.values[place]
			s.judged.values[place] = p.Value
			same := again && plainNumber(float64(last)) == plainNumber(float64(p.Value))
			if !same && at > s.sent.Evaluated {
				s.pending = append(s.pending, p)
			}
		}
		s.judged.until = max(s.judged.until, at)
	}
	return nil
}

// evaluated records that the evaluations up to now were sent. Where that is lost they are sent
// once more, which does no harm: a point of the same time is stored once.
func (s *sender) evaluated() {
	if s.judged.until > s.sent.Evaluated {
		s.sent.Evaluated = s.judged.until
		s.save()
	}
}
