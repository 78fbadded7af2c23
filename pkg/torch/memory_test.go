package torch_test

import (
	"errors"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestALimitOfHostMemoryIsATypedError(t *testing.T) {
	torchtest.Run(t, func() error {
		used := torch.Memory(torch.CPU).Used
		defer torch.LimitHostMemory(torch.LimitHostMemory(used + 1<<20))
		if free := torch.Memory(torch.CPU).Free; free <= 0 || free > 1<<20 {
			t.Errorf("%d bytes are free under a limit of 1 MiB", free)
		}
		if err := torch.Try(func() { torch.Scoped(func() { torch.Zeros([]int64{1000}) }) }); err != nil {
			t.Errorf("4000 bytes: %v", err)
		}
		err := torch.Try(func() { torch.Scoped(func() { torch.Zeros([]int64{1 << 20}) }) })
		var e *torch.Error
		if !errors.As(err, &e) || e.Kind != torch.OutOfMemory || e.Bytes != 4<<20 {
			t.Errorf("4 MiB under a limit of 1 MiB: %v", err)
		}
		return nil
	})
}

func TestMemoryCountsTensorsAndTheirPeak(t *testing.T) {
	torchtest.Run(t, func() error {
		torch.BeginPeak(torch.CPU)
		before := torch.Memory(torch.CPU)
		torch.Scoped(func() { torch.Zeros([]int64{1 << 18}) })
		after := torch.Memory(torch.CPU)
		if after.Used != before.Used || after.Peak-before.Used < 1<<20 || after.Peak-before.Used > 1<<20+4096 {
			t.Errorf("1 MiB made and freed: before %+v, after %+v", before, after)
		}
		if before.Total <= 0 || before.Free <= 0 || before.Free > before.Total {
			t.Errorf("memory of the host: %+v", before)
		}
		return nil
	})
}

func TestTheMemoryOfAHostTensorIsTheTensor(t *testing.T) {
	torchtest.Run(t, func() error {
		x, values := torch.HostFloat32s([]int64{2, 3}, false)
		for i := range values {
			values[i] = float32(i)
		}
		rows, index := torch.HostInt64s([]int64{2}, false)
		index[0], index[1] = 1, 0
		got := x.IndexSelect(0, rows).Float32s()
		for i, want := range []float32{3, 4, 5, 0, 1, 2} {
			if got[i] != want {
				t.Fatalf("got %v", got)
			}
		}
		return nil
	})
}
