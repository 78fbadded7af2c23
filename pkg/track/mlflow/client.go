package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// client speaks MLflow's REST API 2.0.
type client struct {
	target Target
	auth   string
	http   *http.Client
}

// answerLimit bounds what is read of an answer.
const answerLimit = 16 << 20

func newClient(t Target, getenv func(string) string) (*client, error) {
	tr, err := transport(getenv)
	if err != nil {
		return nil, err
	}
	return &client{target: t, auth: authorization(t, getenv), http: &http.Client{Transport: tr, CheckRedirect: sameHost}}, nil
}

// sameHost keeps credentials from following a redirect to somewhere else, and a POST
// from becoming a GET.
func sameHost(next *http.Request, via []*http.Request) error {
	if len(via) >= 3 || next.URL.Host != via[0].URL.Host || next.Method != via[0].Method {
		return fmt.Errorf("the server sends the request on to %s; set mlflow.tracking_uri to that address", next.URL.Redacted())
	}
	return nil
}

// get calls an endpoint by GET and reads the answer into out.
func (c *client) get(ctx context.Context, op, endpoint string, query url.Values, out any) error {
	return c.call(ctx, op, http.MethodGet, endpoint+"?"+query.Encode(), nil, out)
}

// post calls an endpoint by POST; body is what package json takes.
func (c *client) post(ctx context.Context, op, endpoint string, body, out any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("mlflow: %s: %w", op, err)
	}
	return c.call(ctx, op, http.MethodPost, endpoint, data, out)
}

func (c *client) call(ctx context.Context, op, method, endpoint string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.target.server.String()+"/api/2.0/mlflow/"+endpoint, bytes.NewReader(body))
	if err != nil {
		return c.fail(op, 0, err)
	}
	req.Header.Set("Content-Type", "application/json")
	data, err := c.do(op, req)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil && json.Valid(data) {
		return c.fail(op, 0, fmt.Errorf("the answer cannot be understood: %w", err))
	} else if err != nil {
		return c.fail(op, 0, strange("no JSON", data))
	}
	return nil
}

// do sends a request and gives the body of its answer; every status but 2xx is an
// error with MLflow's own code and message.
func (c *client) do(op string, req *http.Request) ([]byte, error) {
	req.Header.Set("User-Agent", "gotrainer")
	if c.auth != "" {
		req.Header.Set("Authorization", c.auth)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.fail(op, 0, reason(err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if resp.StatusCode/100 != 2 {
		return nil, c.refused(op, resp, data)
	}
	if err != nil {
		return nil, c.fail(op, 0, reason(err))
	}
	return data, nil
}

func (c *client) refused(op string, resp *http.Response, data []byte) error {
	var said struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(data, &said) == nil && said.Code != "" {
		e := c.fail(op, resp.StatusCode, errors.New(strings.Join(strings.Fields(said.Message), " ")))
		e.Code = said.Code
		return e
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return c.fail(op, resp.StatusCode, errors.New(resp.Status))
	}
	e := c.fail(op, resp.StatusCode, strange(resp.Status, data))
	if e.permanent() {
		e.Status = 0 // not MLflow's own word: a proxy's, which passes
	}
	return e
}

func (c *client) fail(op string, status int, err error) *Error {
	return &Error{Op: op, Target: c.target.String(), Status: status, Err: err}
}

// upload puts a file's content to a path of the artifact proxy.
func (c *client) upload(ctx context.Context, op, path string, f *os.File, size int64) error {
	u := *c.target.server
	u.Path += "/api/2.0/mlflow-artifacts/artifacts/" + path
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.String(), io.NewSectionReader(f, 0, size))
	if err != nil {
		return c.fail(op, 0, err)
	}
	req.ContentLength = size
	if size == 0 {
		req.Body = http.NoBody
	}
	data, err := c.do(op, req)
	if err == nil && len(data) > 0 && json.Unmarshal(data, &struct{}{}) != nil { // the proxy answers nothing, or {}
		err = c.fail(op, 0, strange("no JSON", data))
	}
	return err
}
