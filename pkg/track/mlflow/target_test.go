package mlflow

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/track"
)

func TestTrackingURIs(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]string{
		"http://127.0.0.1:5000/":        "http://127.0.0.1:5000",
		"https://u:p@h/mlflow/":         "https://h/mlflow",
		"./mlruns":                      "file://" + here + "/mlruns",
		"mlruns":                        "file://" + here + "/mlruns",
		"/a b":                          "file:///a%20b",
		"file:///a/b":                   "file:///a/b",
		"file:rel":                      "file://" + here + "/rel",
		"sqlite:///x.db":                "mlflow server --backend-store-uri sqlite:///x.db",
		"postgresql+psycopg2://u:p@h/d": "--backend-store-uri postgresql+psycopg2://u@h/d",
		"databricks":                    "MLFLOW_TRACKING_TOKEN",
		"databricks://profile":          "MLFLOW_TRACKING_TOKEN",
		"s3://bucket":                   "found the scheme s3",
		"http://":                       "without a host",
		"":                              "is empty",
	} {
		target, err := ParseTarget(uri)
		got := target.String()
		var m Mistake
		if errors.As(err, &m) {
			got = string(m)
		}
		if err == nil && got != want || err != nil && !strings.Contains(got, want) {
			t.Errorf("%q: got %q, expected %q", uri, got, want)
		}
	}
}

func TestKeysAreThoseThatMLflowTakes(t *testing.T) {
	for name, want := range map[string]string{
		"val/loss": "val/loss", "größe 1": "größe 1", "a=b,c%d@": "a_b_c_d_", "/a//b/../c/": "a/c", "..": "_", "": "_",
		strings.Repeat("ä", 300): strings.Repeat("ä", 250), "bad\xff": "bad_",
	} {
		if got := Key(name); got != want {
			t.Errorf("%q: got %q, expected %q", name, got, want)
		}
	}
	if p := fit("k", strings.Repeat("x", 7000), maxParamValue); len([]rune(p.Value)) != maxParamValue || !strings.HasSuffix(p.Value, "…") {
		t.Errorf("a long value became one of %d", len([]rune(p.Value)))
	}
}

func TestTheFileStoreHasWhatAServerHas(t *testing.T) {
	r, root := newTestRun(t), filepath.Join(t.TempDir(), "mlruns [1]")
	r.train(1)
	r.train(2)
	for range 2 { // the second adds nothing
		r.finish(r.start(r.options(root)))
	}
	s := &fileStore{root: root, now: time.Now}
	id, err := s.experiment(t.Context(), "e")
	if err != nil {
		t.Fatal(err)
	}
	runID, ok, err := s.find(t.Context(), id, "uuid-1")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	dir := filepath.Join(root, id, runID)
	for path, want := range map[string]string{
		"metrics/val/loss": "1700000006000 2 10\n1700000012000 4 20\n", "params/training.epochs": "2", "tags/mlflow.runName": "baseline", "artifacts/config.yaml": "a: 1\n",
	} {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil || string(text) != want {
			t.Errorf("%s: %q, %v; expected %q", path, text, err, want)
		}
	}
	meta, err := readMeta(dir)
	if err != nil || meta["status"] != "3" || meta["end_time"] == "<nil>" || meta["run_id"] != runID {
		t.Errorf("meta.yaml: %v, %v", meta, err)
	}
}

func TestAMetricLineThatACrashCutShortIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	points := []point{{"a/b", 1, 10, 1}, {"a/b", 2, 20, 2}}
	if err := appendMetrics(dir, points); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "metrics", "a", "b")
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	if err := appendMetrics(dir, points); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "10 1 1\n20 2 2\n" {
		t.Errorf("got %q", text)
	}
}

func TestTLSFollowsMLflowsVariables(t *testing.T) {
	secure := newFakeTLS(t)
	path := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	target, _ := ParseTarget(secure.URL)
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{}, "MLFLOW_TRACKING_SERVER_CERT_PATH"},
		{map[string]string{"MLFLOW_TRACKING_INSECURE_TLS": "true"}, ""},
		{map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": path}, ""},
		{map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": path, "MLFLOW_TRACKING_INSECURE_TLS": "true"}, "set one of them"},
		{map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": "/none"}, "/none"},
		{map[string]string{"MLFLOW_TRACKING_CLIENT_CERT_PATH": path}, "and its key"},
	} {
		err := Check(t.Context(), target, func(name string) string { return c.env[name] }, "e")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, expected %q", c.env, err, c.want)
		}
	}
}

func newFakeTLS(t *testing.T) *fakeServer {
	s := newFake(t)
	s.Server.Close()
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	s.Server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Server.Close)
	return s
}

type fakeGPU struct{}

func (fakeGPU) Count() int { return 2 }
func (fakeGPU) Read(i int) (GPUState, error) {
	if i == 0 {
		return GPUState{}, errors.New("fell off the bus")
	}
	return GPUState{MemoryMegabytes: 7, UtilizationPercent: 50}, nil
}

func TestTheMachineIsSampledUnderMLflowsNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "system.jsonl")
	for range 2 { // the second goes on counting
		m := Monitor{Every: time.Hour, GPU: fakeGPU{}}
		m.start(path)()
	}
	events, err := track.ReadJournal(path)
	if err != nil || len(events) != 2 || events[1].Step != 1 {
		t.Fatalf("%d samples, %v", len(events), err)
	}
	got := map[string]float64{}
	for _, v := range events[0].Values {
		got[v.Name] = v.Value
	}
	for _, name := range []string{"system_memory_usage_megabytes", "system_memory_usage_percentage", "disk_usage_percentage", "disk_usage_megabytes",
		"disk_available_megabytes", "network_receive_megabytes", "network_transmit_megabytes", "gpu_1_memory_usage_megabytes"} {
		if _, ok := got["system/"+name]; !ok {
			t.Errorf("system/%s is missing", name)
		}
	}
	if _, ok := got["system/gpu_0_memory_usage_megabytes"]; ok || got["system/gpu_1_utilization_percentage"] != 50 {
		t.Errorf("samples: %v", got)
	}
	if x := got["system/system_memory_usage_percentage"]; x <= 0 || x > 100 {
		t.Errorf("memory usage is %v %%", x)
	}
}
