// Package torchtest starts libtorch for tests and checks that they leak nothing.
package torchtest

import (
	"context"
	"os"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Run runs fn as tensor work on one thread and fails t on an error or a leak: what a
// test makes it must free. Without libtorch the test is skipped and says why, unless
// TRAINER_REQUIRE_LIBTORCH is set, as `make test` does.
func Run(t *testing.T, fn func() error) {
	t.Helper()
	e := Start(t)
	defer e.Close()
	before := torch.Live()
	if err := e.Do(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
	for purpose, u := range torch.Live() {
		if u.Handles > before[purpose].Handles {
			t.Errorf("%d tensors of %q are still there (%d bytes)", u.Handles, purpose, u.Bytes)
		}
	}
}

// Start starts an engine with one thread; the caller closes it.
func Start(t testing.TB) *torch.Engine {
	t.Helper()
	e, err := torch.Start(torch.Options{Threads: 1, Deterministic: true})
	if err == nil {
		return e
	}
	if os.Getenv("TRAINER_REQUIRE_LIBTORCH") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
	return nil
}
