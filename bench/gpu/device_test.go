package gpu

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch"
)

// device is the one under test.
var device = torch.CPU

// home is the folder in which the test began.
var home string

func TestMain(m *testing.M) {
	if name := os.Getenv("TRAINER_TEST_DEVICE"); name != "" && name != "cpu" {
		d, err := torch.ParseDevice(name)
		if err != nil {
			panic(err)
		}
		device = d
	}
	var err error
	if home, err = os.Getwd(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// beside is a file of the checkout, or the one of that name in the bundle.
func beside(path string) string {
	inBundle := filepath.Join(home, path)
	if _, err := os.Stat(inBundle); err == nil {
		return inBundle
	}
	return filepath.Join(home, "..", "..", path)
}

// skip passes over what the CPU cannot show; on a GPU it is a failure.
func skip(t *testing.T, why string) {
	t.Helper()
	if device.IsCUDA() {
		t.Fatalf("skipped on a GPU: %s", why)
	}
	t.Skip(why)
}

// run runs fn as tensor work; without libtorch the test is skipped, unless it must be there.
func run(t *testing.T, fn func() error) {
	t.Helper()
	e, err := torch.Start(torch.Options{Threads: 1, Deterministic: true})
	if err != nil {
		if device.IsCUDA() || os.Getenv("TRAINER_REQUIRE_LIBTORCH") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	defer e.Close()
	if err := e.Do(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestTheDeviceIsThere(t *testing.T) {
	run(t, func() error {
		x := torch.Ones([]int64{3}, torch.On(device))
		if x.Device() != device || x.Sum().Item() != 3 {
			t.Errorf("three ones on %s add up to %v on %s", device, x.Sum().Item(), x.Device())
		}
		return nil
	})
}
