package trainer

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// reside brings the splits that training reads to the GPU where they take at most half of
// what is free there; else, and with in_memory: false, batches are sent over one by one.
// It runs inside Engine.Do, after the model was built; free gives the memory back.
func (s *session) reside() (free func(), err error) {
	p := &s.parts
	free = func() {
		p.Resident.Train.Close()
		p.Resident.Val.Close()
	}
	if !p.Device.IsCUDA() {
		return free, nil // the step computes on the memory that batches are read into
	}
	_, varied := p.Train.(train.Varied)
	need := int64(0)
	if !varied {
		need = train.ResidentBytes(p.Train, p.Inputs)
	}
	if p.Val != nil {
		need += train.ResidentBytes(p.Val, p.Inputs)
	}
	room := torch.Memory(p.Device).Free / 2
	switch {
	case s.cfg.Data.InMemory == "false":
		s.batches = "read from the file and copied to the device ahead of the steps (in_memory: false)"
		return free, nil
	case need > room:
		s.batches = fmt.Sprintf("copied to the device ahead of the steps: the data are %s, half of its free memory is %s", gigabytes(need), gigabytes(room))
		return free, nil
	}
	if varied {
		s.batches = "changed on the host (data.augment) and copied to the device ahead of the steps"
		s.notices = append(s.notices, "data.augment changes each training sample on the host: the training split is not kept on the GPU, which it would be without")
	} else {
		s.batches = fmt.Sprintf("gathered on the device, where the data lie (%s)", gigabytes(need))
		p.Resident.Train, err = train.MakeResident(p.Train, p.Inputs, p.Device)
	}
	if err == nil && p.Val != nil {
		p.Resident.Val, err = train.MakeResident(p.Val, p.Inputs, p.Device)
	}
	if err != nil {
		free()
	}
	return free, err
}

func gigabytes(n int64) string { return fmt.Sprintf("%.3g GB", float64(n)/1e9) }
