package train

import (
	"sync"
	"testing"
	"unsafe"
)

func TestAReleasedSnapshotsMemoryServesTheNext(t *testing.T) {
	var m hostBlocks
	defer m.close()
	first := m.take(1 << 20)
	if second := m.take(1 << 20); unsafe.SliceData(second) == unsafe.SliceData(first) {
		t.Fatal("memory that was not given back was handed out again")
	} else {
		m.give(second)
	}
	m.give(m.take(1 << 10))
	m.give(first) // one block is kept, this is one too many
	again := m.take(1 << 20)
	if len(again) < 1<<20 || m.spare != nil {
		t.Errorf("%d bytes, spare %d", len(again), len(m.spare))
	}
	m.give(again)
	if bigger := m.take(2 << 20); len(bigger) < 2<<20 {
		t.Errorf("asked for 2 MB, got %d bytes", len(bigger))
	}
}

func TestMemoryGivenBackAfterTheEndIsNotKept(t *testing.T) {
	var m hostBlocks
	block := m.take(1 << 20)
	m.close()
	m.give(block)
	if m.spare != nil {
		t.Error("a block is kept after close")
	}
}

func TestNothingNeedsNoMemory(t *testing.T) {
	var m hostBlocks
	defer m.close()
	if block := m.take(0); len(block) != 0 {
		t.Errorf("%d bytes", len(block))
	}
}

func TestASnapshotIsReleasedWhileTheNextIsTaken(t *testing.T) {
	var m hostBlocks
	defer m.close()
	var wg sync.WaitGroup
	for range 50 {
		s := &Snapshot{owner: &m, block: m.take(1 << 16)}
		s.block[0]++
		wg.Go(s.Release)
	}
	wg.Wait()
}
