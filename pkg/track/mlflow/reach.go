package mlflow

import (
	"context"
	"net/url"
)

// Reach asks the server of a tracking URI for one experiment: an error says that the URI,
// the way to it or the login is wrong. A file store is always reached.
func Reach(ctx context.Context, uri string, getenv func(string) string) error {
	t, err := ParseTarget(uri)
	if err != nil || t.FileStore() {
		return err
	}
	c, err := newClient(t, getenv)
	if err != nil {
		return err
	}
	var any struct{}
	return c.get(ctx, "reach MLflow", "experiments/search", url.Values{"max_results": {"1"}}, &any)
}
