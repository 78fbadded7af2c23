package dataset

import "fmt"

// blockAlgorithm names how an epoch is dealt in blocks, as algorithm does for whole ones.
const blockAlgorithm = "pcg/blocks/1"

// blocks are how an epoch is dealt in blocks of rows that lie side by side: the blocks in
// a random order, and of each mixed of them that follow one another in it, a window, the
// rows in a random order. A window is read from one place of the file after another; rows
// of different windows never meet in the middle of a batch.
//
// Two-level shuffling as CorgiPile has it (Xu et al. 2022, arXiv:2206.05830).
type blocks struct{ size, mixed int }

func (b blocks) algorithm() string {
	if b.size == 0 {
		return algorithm
	}
	return fmt.Sprintf("%s size %d mixed %d", blockAlgorithm, b.size, b.mixed)
}

// InBlocks deals the epochs in blocks of size rows, mixed of them at a time: memory and
// the places that are read at a time are bounded, and neighbours in the file stay within
// one window. It is called before the first batch.
func (s *Sampler) InBlocks(size, mixed int) *Sampler {
	s.blocks = blocks{max(size, 1), max(mixed, 1)}
	return s
}

// Ahead has f called with runs of rows, from and to excluded, that batches after the next
// ones will need. f must be quick.
func (s *Sampler) Ahead(f func(from, to int)) { s.ahead = f }

// arrangeBlocks makes the window that holds the current position.
func (s *Sampler) arrangeBlocks() {
	if s.made != s.epoch+1 {
		s.list = make([]int, (s.n+s.blocks.size-1)/s.blocks.size)
		for i := range s.list {
			s.list[i] = i
		}
		shuffle(newGenerator(s.seed, forBlocks, uint64(s.epoch)), s.list)
		s.window, s.begin, s.order = -1, 0, nil
	}
	for s.made != s.epoch+1 || s.position >= s.begin+len(s.order) {
		s.begin += len(s.order)
		s.window++
		s.made = s.epoch + 1
		s.order = s.order[:0]
		for _, b := range s.blocksOf(s.window) {
			for r := b * s.blocks.size; r < min((b+1)*s.blocks.size, s.n); r++ {
				s.order = append(s.order, r)
			}
		}
	}
	shuffle(newGenerator(s.seed^int64(scramble(uint64(s.epoch)+1)), forWindow, uint64(s.window)), s.order)
	if s.ahead != nil {
		for _, b := range s.blocksOf(s.window + 1) {
			s.ahead(b*s.blocks.size, min((b+1)*s.blocks.size, s.n))
		}
	}
}

// blocksOf are the numbers of a window's blocks; none after the last.
func (s *Sampler) blocksOf(window int) []int {
	from := min(window*s.blocks.mixed, len(s.list))
	return s.list[from:min(from+s.blocks.mixed, len(s.list))]
}
