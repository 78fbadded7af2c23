package mlflow

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// Error is a call that the target refused or that did not reach it.
type Error struct {
	Op     string // what was tried, such as "create the run"
	Target string // the URI without password
	Status int    // of HTTP; 0 where no answer came
	Code   string // MLflow's own, such as RESOURCE_ALREADY_EXISTS
	Err    error
}

// Error is one sentence: the target, what happened and what to do.
func (e *Error) Error() string {
	return fmt.Sprintf("mlflow: %s at %s: %v%s", e.Op, e.Target, e.Err, e.hint())
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// UserError says whether the user can mend it: an address or credentials that are wrong.
func (e *Error) UserError() bool {
	var dns *net.DNSError
	return e.denied() || errors.As(e.Err, &dns) || errors.Is(e.Err, syscall.ECONNREFUSED) || e.untrusted()
}

func (e *Error) denied() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

func (e *Error) untrusted() bool {
	var cert *tls.CertificateVerificationError
	return errors.As(e.Err, &cert)
}

// permanent says whether the same call would be refused again: the request itself is
// wrong. Credentials may be mended, servers come back.
func (e *Error) permanent() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return e.Status >= 400 && e.Status < 500
}

func (e *Error) hint() string {
	var dns *net.DNSError
	switch {
	case e.Status == http.StatusUnauthorized:
		return "; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, to what the server knows"
	case e.Status == http.StatusForbidden:
		return "; ask for the permission, or start the server with --allowed-hosts if it refuses the address"
	case errors.As(e.Err, &dns):
		return "; check the host's name in mlflow.tracking_uri"
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "; check that the server runs there and mlflow.tracking_uri has its port"
	case e.untrusted():
		return "; set MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate, or MLFLOW_TRACKING_INSECURE_TLS=true"
	}
	return ""
}

// isPermanent says whether trying again is of no use.
func isPermanent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.permanent()
}

func hasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// reason takes off what net/http puts around the cause of a failed request.
func reason(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		return errors.New("no answer in time")
	}
	return err
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// strange is the error for an answer that is none of MLflow's.
func strange(kind string, body []byte) error {
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > 80 {
		text = strings.ToValidUTF8(text[:80], "") + "…"
	}
	return fmt.Errorf("the answer is not MLflow's (%s: %q); is another program at this address?", kind, text)
}
