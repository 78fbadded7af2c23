package dataset

import "fmt"

// algorithm names how the order of an epoch is made. It changes when the code
// below changes an order, and a state of another algorithm is then refused.
const algorithm = "pcg/fisher-yates/1"

// Sampler deals the rows 0..n-1 in batches, in a new order each epoch. The order
// is a pure function of (seed, epoch), so a sampler that is restored in the middle
// of an epoch goes on exactly. Not safe for concurrent use.
type Sampler struct {
	batch    int
	dropLast bool
	seed     int64
	epoch    int64 // from 0
	position int   // rows dealt in this epoch
	n        int
	order    []int
	made     int64 // order is that of epoch made-1; 0 = none yet

	// With blocks, order is that of one window of the epoch, which begins after begin rows.
	blocks        blocks
	list          []int // the blocks of the epoch in their order
	window, begin int
	ahead         func(from, to int)
}

// SamplerState is where a sampler stands, before the next batch.
type SamplerState struct {
	Algorithm string // how orders are made
	Seed      int64
	Epoch     int64 // from 0
	Position  int64 // rows dealt in this epoch
	N         int64 // rows in the data set
}

// NewSampler deals n rows (n > 0) in batches of the given size. With dropLast the
// last, short batch of an epoch is left out; a data set smaller than one batch
// still gives its one short batch.
func NewSampler(n, batch int, seed int64, dropLast bool) *Sampler {
	return &Sampler{n: n, batch: max(batch, 1), seed: seed, dropLast: dropLast && n >= batch}
}

// StepsPerEpoch is the number of batches of one epoch.
func (s *Sampler) StepsPerEpoch() int {
	if s.dropLast {
		return s.n / s.batch
	}
	return (s.n + s.batch - 1) / s.batch
}

// Next deals the next batch; the slice is the caller's. With last the batch ends
// the epoch, and the next call begins a new one.
func (s *Sampler) Next() (rows []int, last bool) {
	end := min(s.position+s.batch, s.n)
	for s.position < end {
		if s.made != s.epoch+1 || s.position >= s.begin+len(s.order) {
			s.arrange()
		}
		more := s.order[s.position-s.begin : min(end-s.begin, len(s.order))]
		rows = append(rows, more...)
		s.position += len(more)
	}
	if !s.exhausted(end) {
		return rows, false
	}
	s.epoch++
	s.position = 0
	return rows, true
}

// exhausted tells whether an epoch has no further batch after position rows.
func (s *Sampler) exhausted(position int) bool {
	left := s.n - position
	return left == 0 || s.dropLast && left < s.batch
}

// arrange makes the order of the current epoch, or of the window that is due in it.
func (s *Sampler) arrange() {
	if s.blocks.size > 0 {
		s.arrangeBlocks()
		return
	}
	if s.order == nil {
		s.order = make([]int, s.n)
	}
	for i := range s.order {
		s.order[i] = i
	}
	shuffle(newGenerator(s.seed, forOrder, uint64(s.epoch)), s.order)
	s.made = s.epoch + 1
}

// State is where the sampler stands, for a checkpoint.
func (s *Sampler) State() SamplerState {
	return SamplerState{Algorithm: s.blocks.algorithm(), Seed: s.seed, Epoch: s.epoch, Position: int64(s.position), N: int64(s.n)}
}

// Restore continues at st, seed included. A state of another algorithm or of a
// data set of another size, and one that cannot be, is a user error; the sampler
// is then unchanged.
func (s *Sampler) Restore(st SamplerState) error {
	if mine := s.blocks.algorithm(); st.Algorithm != mine {
		return mistake("sampler: the checkpoint's order was made by %q, this run makes %q; resume it with the same data.shuffle, and the program that wrote it", st.Algorithm, mine)
	}
	if st.N != int64(s.n) {
		return mistake("sampler: the checkpoint's train split has %d samples, this one has %d; resume with the same data", st.N, s.n)
	}
	if st.Epoch < 0 || st.Position < 0 || st.Position > 0 && (st.Position >= st.N || s.exhausted(int(st.Position))) {
		return mistake("sampler: epoch %d, position %d is not possible with %d samples in batches of %d; resume with the same batch_size and drop_last", st.Epoch, st.Position, s.n, s.batch)
	}
	s.seed, s.epoch, s.position, s.made = st.Seed, st.Epoch, int(st.Position), 0
	return nil
}

// Plain is the state as plain values, for a checkpoint.
func (st SamplerState) Plain() map[string]any {
	return map[string]any{"algorithm": st.Algorithm, "seed": st.Seed, "epoch": st.Epoch, "position": st.Position, "n": st.N}
}

// SamplerStateFrom reads what Plain made. A missing or mistyped key is a user error.
func SamplerStateFrom(m map[string]any) (SamplerState, error) {
	st := SamplerState{}
	name, ok := m["algorithm"].(string)
	if !ok {
		return st, mistake("sampler state: algorithm: found %v, expected a name; the checkpoint is damaged or of another program", m["algorithm"])
	}
	st.Algorithm = name
	for _, f := range []struct {
		key string
		to  *int64
	}{{"seed", &st.Seed}, {"epoch", &st.Epoch}, {"position", &st.Position}, {"n", &st.N}} {
		v, ok := asInt(m[f.key])
		if !ok {
			return st, mistake("sampler state: %s: found %s, expected an integer; the checkpoint is damaged or of another program", f.key, describe(m[f.key]))
		}
		*f.to = v
	}
	return st, nil
}

// describe shows a value of a checkpoint in a message.
func describe(v any) string {
	if v == nil {
		return "nothing"
	}
	if text := fmt.Sprint(v); len(text) <= 40 {
		return text
	}
	return fmt.Sprint(v)[:40] + "..."
}
