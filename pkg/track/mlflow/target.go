package mlflow

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// Mistake is an error that the user can mend, as one sentence.
type Mistake string

// Error is the sentence.
func (m Mistake) Error() string { return string(m) }

// UserError marks the error as the user's to mend.
func (m Mistake) UserError() bool { return true }

func mistake(format string, args ...any) error { return Mistake(fmt.Sprintf(format, args...)) }

// Target is where runs are reported to: a server, or a folder in MLflow's file format.
type Target struct {
	server         *url.URL // without user and password; nil for a file store
	folder         string   // absolute
	user, password string   // from the address
}

// ParseTarget reads a tracking URI. http and https are a server; file:, a bare path and
// ./mlruns are a file store. What trainer cannot speak to is refused with what to do.
func ParseTarget(uri string) (Target, error) {
	scheme, rest, hasScheme := strings.Cut(uri, ":")
	switch {
	case uri == "":
		return Target{}, mistake("mlflow.tracking_uri is empty; give the server's address, such as http://127.0.0.1:5000, or set MLFLOW_TRACKING_URI")
	case hasScheme && (scheme == "http" || scheme == "https"):
		return parseServer(uri)
	case hasScheme && scheme == "file":
		u, err := url.Parse(uri)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return Target{}, mistake("mlflow.tracking_uri: found %q, expected file:///folder or a path", uri)
		}
		path := u.Path
		if u.Opaque != "" {
			path, _ = url.PathUnescape(u.Opaque)
		}
		return folderTarget(path)
	case scheme == "databricks" || scheme == "databricks-uc" || scheme == "uc":
		return Target{}, mistake("mlflow.tracking_uri: found %s, whose login trainer does not have; set mlflow.tracking_uri to the workspace's address, https://<workspace>.cloud.databricks.com, "+
			"and MLFLOW_TRACKING_TOKEN to an access token", scheme)
	case hasScheme && isDatabase(scheme):
		return Target{}, mistake("mlflow.tracking_uri: found a database, which only MLflow itself can open; serve it with `mlflow server --backend-store-uri %s --host 127.0.0.1 --port 5000` "+
			"and set mlflow.tracking_uri to http://127.0.0.1:5000", withoutPassword(uri))
	case hasScheme && strings.HasPrefix(rest, "//"):
		return Target{}, mistake("mlflow.tracking_uri: found the scheme %s, expected http, https, file or a path", scheme)
	}
	return folderTarget(uri)
}

func isDatabase(scheme string) bool {
	kind, _, _ := strings.Cut(scheme, "+")
	return kind == "sqlite" || kind == "postgresql" || kind == "mysql" || kind == "mssql"
}

// withoutPassword is a database's address as it may be shown.
func withoutPassword(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "<its address>"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

func parseServer(uri string) (Target, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return Target{}, mistake("mlflow.tracking_uri: found an address without a host, expected one such as http://127.0.0.1:5000")
	}
	t := Target{server: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}}
	if u.User != nil {
		t.user = u.User.Username()
		t.password, _ = u.User.Password()
	}
	return t, nil
}

func folderTarget(path string) (Target, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return Target{}, fmt.Errorf("mlflow.tracking_uri %s: %w", path, err)
	}
	return Target{folder: full}, nil
}

// HasPassword says whether a URI has a password in it, which belongs in
// MLFLOW_TRACKING_PASSWORD or behind a ${VAR}, not in a config that is saved.
func HasPassword(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.User == nil {
		return false
	}
	_, has := u.User.Password()
	return has
}

// String is the URI without user and password.
func (t Target) String() string {
	if t.server == nil {
		return "file://" + (&url.URL{Path: t.folder}).EscapedPath()
	}
	return t.server.String()
}

// FileStore says whether the target is a folder.
func (t Target) FileStore() bool { return t.server == nil }
