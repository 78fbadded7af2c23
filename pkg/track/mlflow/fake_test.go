package mlflow

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeServer is as much of an MLflow server as a run needs. It holds the limits of
// batches and the rules of keys, and can misbehave.
type fakeServer struct {
	*httptest.Server
	mu       sync.Mutex
	t        *testing.T
	fault    func(n int, w http.ResponseWriter, r *http.Request, answer func()) bool // true: it has answered
	requests int
	runs     map[string]*fakeRun
	order    []string
}

type fakeRun struct {
	ID, Status   string
	End          int64
	Params, Tags map[string]string
	Points       []point
	Files        map[string]string
	Uploads      []string
	Statuses     []string
}

func newFake(t *testing.T) *fakeServer {
	s := &fakeServer{t: t, runs: map[string]*fakeRun{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *fakeServer) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.requests++
	n, fault := s.requests, s.fault
	s.mu.Unlock()
	answer := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answer(w, r, body)
	}
	if fault == nil || !fault(n, w, r, answer) {
		answer()
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error_code": %q, "message": %q}`, code, message)
}

func (s *fakeServer) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/api/2.0/mlflow-artifacts/artifacts/"); ok {
		s.store(path, string(body))
		return
	}
	var in struct {
		RunID  string  `json:"run_id"`
		Status string  `json:"status"`
		End    int64   `json:"end_time"`
		Tags   []pair  `json:"tags"`
		Params []pair  `json:"params"`
		Filter string  `json:"filter"`
		Points []point `json:"metrics"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(unquoteNumbers(body), &in); err != nil {
			refuse(w, 400, "INVALID_PARAMETER_VALUE", err.Error())
			return
		}
	}
	if in.RunID == "" {
		in.RunID = r.URL.Query().Get("run_id")
	}
	run := s.runs[in.RunID]
	switch endpoint := strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/"); endpoint {
	case "experiments/get-by-name":
		fmt.Fprint(w, `{"experiment": {"experiment_id": "1", "lifecycle_stage": "active"}}`)
	case "runs/search":
		var found []any
		for _, id := range s.order {
			if strings.Contains(in.Filter, "'"+s.runs[id].Tags[uuidTag]+"'") {
				found = append(found, s.runs[id].json())
			}
		}
		json.NewEncoder(w).Encode(map[string]any{"runs": found})
	case "runs/create":
		run = &fakeRun{ID: fmt.Sprintf("run%d", len(s.runs)), Status: Running, Params: map[string]string{}, Tags: map[string]string{}, Files: map[string]string{}}
		run.take(nil, in.Tags, nil)
		s.runs[run.ID], s.order = run, append(s.order, run.ID)
		json.NewEncoder(w).Encode(map[string]any{"run": run.json()})
	case "runs/get", "runs/update", "runs/log-batch":
		if run == nil {
			refuse(w, 404, "RESOURCE_DOES_NOT_EXIST", "no such run")
			return
		}
		switch endpoint {
		case "runs/get":
			json.NewEncoder(w).Encode(map[string]any{"run": run.json()})
		case "runs/update":
			run.Status, run.End, run.Statuses = in.Status, in.End, append(run.Statuses, in.Status)
			json.NewEncoder(w).Encode(map[string]any{"run_info": map[string]string{"run_id": run.ID}})
		default:
			if len(in.Points) > 1000 || len(in.Params) > 100 || len(in.Tags) > 100 {
				refuse(w, 400, "INVALID_PARAMETER_VALUE", "too many")
				return
			}
			run.take(in.Points, in.Tags, in.Params)
			fmt.Fprint(w, "{}")
		}
	default:
		refuse(w, 404, "ENDPOINT_NOT_FOUND", r.URL.Path)
	}
}

// unquoteNumbers makes MLflow's names of special values readable for package json.
func unquoteNumbers(body []byte) []byte {
	text := strings.NewReplacer(`"value":"NaN"`, `"value":-1001`, `"value":"Infinity"`, `"value":-1002`, `"value":"-Infinity"`, `"value":-1003`).Replace(string(body))
	return []byte(text)
}

func (s *fakeServer) store(path, content string) {
	id, rest, _ := strings.Cut(strings.TrimPrefix(path, "1/"), "/artifacts/")
	if run := s.runs[id]; run != nil {
		run.Files[rest] = content
		run.Uploads = append(run.Uploads, rest)
	}
}

// take stores as a SQL server does: the same row twice is one.
func (r *fakeRun) take(points []point, tags, params []pair) {
	for _, p := range points {
		if !slices.Contains(r.Points, p) {
			r.Points = append(r.Points, p)
		}
	}
	for _, t := range tags {
		r.Tags[t.Key] = t.Value
	}
	for _, p := range params {
		r.Params[p.Key] = p.Value
	}
}

func (r *fakeRun) json() any {
	latest := map[string]point{}
	for _, p := range r.Points {
		if old, ok := latest[p.Key]; !ok || p.Step >= old.Step {
			latest[p.Key] = p
		}
	}
	var metrics []any
	for _, p := range latest {
		metrics = append(metrics, p)
	}
	pairs := func(m map[string]string) (out []pair) {
		for k, v := range m {
			out = append(out, pair{k, v})
		}
		return out
	}
	return map[string]any{
		"info": map[string]any{"run_id": r.ID, "status": r.Status, "lifecycle_stage": "active", "artifact_uri": "mlflow-artifacts:/1/" + r.ID + "/artifacts"},
		"data": map[string]any{"metrics": metrics, "params": pairs(r.Params), "tags": pairs(r.Tags)},
	}
}

// only is the one run that there is.
func (s *fakeServer) only() fakeRun {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.runs) != 1 {
		s.t.Fatalf("the server has %d runs, expected one", len(s.runs))
	}
	return *s.runs[s.order[0]]
}

// history is a metric as `step:value` in the order of arrival.
func (r fakeRun) history(key string) string {
	var out []string
	for _, p := range r.Points {
		if p.Key == key {
			out = append(out, fmt.Sprintf("%d:%g", p.Step, float64(p.Value)))
		}
	}
	return strings.Join(out, " ")
}
