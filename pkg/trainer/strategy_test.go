package trainer

import (
	"strings"
	"testing"
)

func TestCheckpointsOfEachStrategy(t *testing.T) {
	for _, c := range []struct {
		set  []string
		want string
	}{
		{nil, "best_model.pt"},
		{[]string{"checkpoint.save_strategy=best"}, "best_model.pt"},
		{[]string{"checkpoint.save_strategy=last"}, "last_model.pt"},
		{[]string{"checkpoint.save_strategy=all"}, "best_model.pt epoch_001.pt epoch_002.pt epoch_003.pt last_model.pt"},
		{[]string{"checkpoint.save_strategy=all", "training.epochs=null", "training.steps=6"}, "best_model.pt epoch_001.pt epoch_002.pt last_model.pt"},
		{[]string{"checkpoint.save_strategy=all", "data.split={train: 1.0}"}, "best_model.pt epoch_001.pt epoch_002.pt epoch_003.pt last_model.pt"},
	} {
		t.Run(strings.Join(c.set, " "), func(t *testing.T) {
			s := newTorchSite(t)
			s.train(append([]string{"training.epochs=3"}, c.set...)...)
			if got := names(t, "runs/a/checkpoints"); got != c.want {
				t.Errorf("checkpoints/ has %s, want %s", got, c.want)
			}
			if got := names(t, "runs/a"); got != ".trainer checkpoints config.yaml logs" {
				t.Errorf("runs/a has %s", got)
			}
		})
	}
}

func TestEachCheckpointIsOfItsEpoch(t *testing.T) {
	s := newTorchSite(t)
	// The largest of a falling metric: the first epoch is the best.
	s.train("checkpoint={save_strategy: all, monitor: train/recon, mode: max}", "training.epochs=3", "training.lr=0.01")
	for name, epoch := range map[string]int64{"best_model": 1, "epoch_001": 1, "epoch_002": 2, "epoch_003": 3, "last_model": 3} {
		f := s.load("runs/a/checkpoints/" + name + ".pt")
		if f.Epoch != epoch {
			t.Errorf("%s is of epoch %d, want %d", name, f.Epoch, epoch)
		}
		if r := s.ok("inspect", "runs/a/checkpoints/"+name+".pt"); !strings.Contains(r.stdout, "whole, epoch") {
			t.Error(r.stdout)
		}
	}
}

func TestTheMonitorDecidesWhichIsBest(t *testing.T) {
	s := newTorchSite(t)
	s.train("training.epochs=4", "training.lr=0.01")
	if f := s.load(best); f.Epoch != 4 {
		t.Errorf("with mode min of a falling loss the best is epoch %d", f.Epoch)
	}
	s.train("training.epochs=4", "training.lr=0.01", "checkpoint.mode=max", "checkpoint.monitor=train/recon")
	if f := s.load(best); f.Epoch != 1 {
		t.Errorf("with mode max of a falling loss the best is epoch %d", f.Epoch)
	}
}
