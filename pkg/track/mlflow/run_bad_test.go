package mlflow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// faults are what servers and the proxies before them do.
var faults = map[string]func(w http.ResponseWriter, answer func()){
	"500":     func(w http.ResponseWriter, _ func()) { refuse(w, 500, "INTERNAL_ERROR", "disk full") },
	"429":     func(w http.ResponseWriter, _ func()) { refuse(w, 429, "RESOURCE_EXHAUSTED", "slow down") },
	"503":     func(w http.ResponseWriter, _ func()) { w.WriteHeader(503) },
	"HTML":    func(w http.ResponseWriter, _ func()) { fmt.Fprint(w, "<html>Sign in</html>") },
	"404":     func(w http.ResponseWriter, _ func()) { w.WriteHeader(404); fmt.Fprint(w, "<html>nginx</html>") },
	"garbled": func(w http.ResponseWriter, _ func()) { fmt.Fprint(w, `{"run": {"info": {"run_id": "`+"\x00\xff") },
	"dropped": func(http.ResponseWriter, func()) { panic(http.ErrAbortHandler) },
	"answer lost": func(_ http.ResponseWriter, answer func()) {
		answer()
		panic(http.ErrAbortHandler)
	},
	"answer cut": func(w http.ResponseWriter, answer func()) {
		w.Header().Set("Content-Length", "100000")
		answer()
	},
	"other run": func(w http.ResponseWriter, _ func()) { fmt.Fprint(w, "[]") },
}

func TestNothingIsLostOrSentTwiceByABadServer(t *testing.T) {
	for name, fault := range faults {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				s, r := newFake(t), newTestRun(t)
				s.fault = func(n int, w http.ResponseWriter, req *http.Request, answer func()) bool {
					if rand.New(rand.NewPCG(seed, uint64(n))).IntN(2) == 0 {
						return false
					}
					fault(w, answer)
					return true
				}
				run := r.start(r.options(s.URL))
				r.train(1)
				r.train(2)
				r.finish(run)
				checkTwoEpochs(t, s.only())
				if n := strings.Count(r.said(), "training goes on, and what is to be sent waits"); n > 20 {
					t.Errorf("%d notes:\n%s", n, r.said())
				}
			})
		}
	}
}

func TestWhatAServerThatIsDownMissedIsSentLater(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	run := r.start(r.options("http://127.0.0.1:1"))
	r.train(1)
	r.train(2)
	if complete, began := run.Finish(Finished, 20*time.Millisecond); complete || began {
		t.Fatal("the run was sent to nowhere")
	}
	if said := r.said(); strings.Count(said, "\n") != 0 || !strings.Contains(said, "check that the server runs there") {
		t.Errorf("said:\n%s", said)
	}
	if !In(r.dir).Owes() {
		t.Error("the spool says that all is sent")
	}
	target, _ := ParseTarget(s.URL)
	sent, err := Sync(t.Context(), target, r.getenv, In(r.dir), r.note)
	if err != nil {
		t.Fatal(err)
	}
	checkTwoEpochs(t, s.only())
	if sent.Metrics == 0 || sent.Files == 0 {
		t.Errorf("it tells of %+v", sent)
	}
	before := s.requests
	if sent, err = Sync(t.Context(), target, r.getenv, In(r.dir), r.note); err != nil || sent.Metrics+sent.Files != 0 || s.requests != before+1 {
		t.Errorf("a second time: %+v, %v, %d requests", sent, err, s.requests-before)
	}
}

func TestASlowServerKeepsNobodyWaiting(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	release := make(chan struct{})
	s.fault = func(int, http.ResponseWriter, *http.Request, func()) bool { <-release; return false }
	run := r.start(r.options(s.URL)) // returns, though no request is answered
	r.train(1)
	r.train(2)
	if complete, _ := run.Finish(Finished, time.Millisecond); complete {
		t.Fatal("no request was answered, and all is sent")
	}
	close(release)
	target, _ := ParseTarget(s.URL)
	if _, err := Sync(t.Context(), target, r.getenv, In(r.dir), r.note); err != nil {
		t.Fatal(err)
	}
	checkTwoEpochs(t, s.only())
}

func TestAWrongTokenIsToldAtOnceAndTheRunIsKept(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	s.fault = func(_ int, w http.ResponseWriter, req *http.Request, _ func()) bool {
		if req.Header.Get("Authorization") == "Bearer right" {
			return false
		}
		w.WriteHeader(401)
		return true
	}
	target, _ := ParseTarget(s.URL)
	r.env["MLFLOW_TRACKING_TOKEN"] = "wrong"
	err := Check(t.Context(), target, r.getenv, "e")
	var user interface{ UserError() bool }
	if !errors.As(err, &user) || !user.UserError() || !strings.Contains(err.Error(), "MLFLOW_TRACKING_TOKEN") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("the check says: %v", err)
	}
	run := r.start(r.options(s.URL))
	r.train(1)
	r.train(2)
	run.Finish(Finished, 20*time.Millisecond)
	if !strings.Contains(r.said(), "MLFLOW_TRACKING_TOKEN") {
		t.Errorf("said:\n%s", r.said())
	}
	r.env["MLFLOW_TRACKING_TOKEN"] = "right"
	if err := Check(t.Context(), target, r.getenv, "e"); err != nil {
		t.Error(err)
	}
	if _, err := Sync(t.Context(), target, r.getenv, In(r.dir), r.note); err != nil {
		t.Fatal(err)
	}
	checkTwoEpochs(t, s.only())
}

func TestWhatAServerRefusesForGoodIsLeftOutAlone(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	bad := 0
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		if err == nil && bytes.Contains(body, []byte(`"val/loss"`)) {
			bad++
			refuse(w, 400, "INVALID_PARAMETER_VALUE", "no such name")
			return
		}
		s.serve(w, req)
	})
	run := r.start(r.options(s.URL))
	r.train(1)
	r.train(2)
	r.finish(run)
	got := s.only()
	same(t, "val/loss", got.history("val/loss"), "")
	same(t, "train/loss", got.history("train/loss"), "10:1 20:2")
	same(t, "notes", strings.Count(r.said(), "left out"), 1)
	if bad == 0 {
		t.Error("nothing was refused")
	}
}

func TestASpoolThatCannotBeWrittenEndsNoRun(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	run := r.start(r.options(s.URL))
	r.train(1)
	s.await(func(f *fakeRun) bool { return f.history("val/loss") != "" })
	if err := os.Rename(filepath.Join(r.dir, ".trainer"), filepath.Join(r.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	r.file(".trainer", "a file where the folder was: nothing can be written")
	r.train(2)
	run.Finish(Finished, time.Minute)
	checkTwoEpochs(t, s.only())
	if !strings.Contains(r.said(), "not recorded") {
		t.Errorf("said:\n%s", r.said())
	}
	if _, err := Start(r.options(s.URL)); err == nil {
		t.Error("a run began without a spool")
	}
}

func TestNoSecretIsInTheSpoolOrInAMessage(t *testing.T) {
	s, r := newFake(t), newTestRun(t)
	s.fault = func(n int, w http.ResponseWriter, req *http.Request, _ func()) bool {
		if user, password, _ := req.BasicAuth(); user != "anna" || password != "geheim" {
			t.Errorf("the server sees %q %q", user, password)
		}
		w.WriteHeader(403)
		return true
	}
	run := r.start(r.options(strings.Replace(s.URL, "http://", "http://anna:geheim@", 1)))
	r.train(1)
	run.Finish(Finished, 10*time.Millisecond)
	r.env["MLFLOW_TRACKING_USERNAME"], r.env["MLFLOW_TRACKING_PASSWORD"], r.env["MLFLOW_TRACKING_TOKEN"] = "anna", "geheim", "zeichen"
	run = r.start(r.options(s.URL))
	run.Finish(Finished, 10*time.Millisecond)
	if strings.Contains(r.said(), "geheim") || !strings.Contains(r.said(), "403") {
		t.Errorf("said:\n%s", r.said())
	}
	err := filepath.WalkDir(filepath.Join(r.dir, ".trainer"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "geheim") || strings.Contains(string(text), "zeichen") {
			t.Errorf("%s has a secret:\n%s", path, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
