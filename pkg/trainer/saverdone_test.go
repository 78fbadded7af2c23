package trainer

import (
	"slices"
	"testing"
)

func TestASavesStateIsGivenUpOnlyWhenNothingMoreIsToBeWritten(t *testing.T) {
	d, s := &disk{full: 1}, newSaver("retry", func(string) {})
	var done []string
	begin := func(state string, names ...string) {
		job := d.save(state, names...)
		job.done = func() { done = append(done, state) }
		s.start(job)
		if err := s.settle(); err != nil {
			t.Fatal(err)
		}
	}
	begin("epoch 1", "best", "last")
	if len(done) != 0 {
		t.Errorf("given up %v, but the disk was full", done)
	}
	begin("epoch 2", "last")
	if want := []string{"epoch 1", "epoch 2"}; !slices.Equal(done, want) {
		t.Errorf("given up %v, want %v", done, want)
	}
	d.full = 1
	begin("epoch 3", "last")
	begin("epoch 4", "last") // takes the place of the one that failed
	if want := []string{"epoch 1", "epoch 2", "epoch 3", "epoch 4"}; !slices.Equal(done, want) {
		t.Errorf("given up %v, want %v", done, want)
	}
}
