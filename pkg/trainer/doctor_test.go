package trainer

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch/drivertest"
)

func TestDoctorSaysWhatWorks(t *testing.T) {
	s := newTorchSite(t)
	r := s.ok("doctor", "--json")
	var got struct {
		Healthy  bool
		Findings []finding
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatal(err)
	}
	about := map[string]finding{}
	for _, f := range got.Findings {
		about[f.About] = f
	}
	if !got.Healthy || about["libtorch"].Verdict != works || about["disk"].Verdict != works {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(about["libtorch"].Text, "CPU capability") || !strings.Contains(about["disk"].Text, "GB free") {
		t.Errorf("%+v", got)
	}
}

func TestDoctorSaysWhyThereIsNoGPU(t *testing.T) {
	newTorchSite(t)
	r := runProcess(t, built, []string{drivertest.None(t)}, "doctor")
	if r.code != exitDone || !strings.Contains(r.stdout, "device: auto takes the CPU: ") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.messages)
	}
}

func TestDoctorTriesTheTrackingServer(t *testing.T) {
	s := newTorchSite(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"experiments": []}`)) }))
	if r := s.ok("doctor", "--mlflow", server.URL); !strings.Contains(r.stdout, server.URL+" answers") {
		t.Error(r.stdout)
	}
	server.Close()
	if r := s.ok("doctor", "--mlflow", server.URL); !like(r.stdout, "…note …MLflow…") || strings.Contains(r.stdout, "answers") {
		t.Error(r.stdout)
	}
}

func TestDoctorFailsWhereNothingCanBeTrained(t *testing.T) {
	newSite(t)
	r := runProcess(t, built, []string{"TRAINER_LIB=" + t.TempDir()}, "doctor")
	if r.code != exitFailed || !strings.Contains(r.messages, "trainer cannot train here because of libtorch") || !strings.Contains(r.stdout, "fails  libtorch") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.messages)
	}
	if r := runProcess(t, built, nil, "doctor", "now"); r.code != exitMistake {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
}
