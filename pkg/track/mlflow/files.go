package mlflow

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxResult is the largest file of embeddings or predictions that goes to MLflow; what
// is larger is named in the command's record.
const maxResult = 100 << 20

// rule says which of a run's files go to MLflow, under their paths in the run's
// directory.
type rule struct {
	folder, pattern string
	atEnd           bool // once the run has ended
	most            int64
}

// rules are the files to send, by the status and the choice of checkpoints.
func (w Wanted) rules() []rule {
	all := []rule{
		{folder: ".", pattern: "config.yaml"},
		{folder: "artifacts", pattern: "*"},
		{folder: "evaluation", pattern: "*.json"},
		{folder: filepath.Join(spoolDir, "records"), pattern: "*.json"},
		{folder: "logs", pattern: "training.log", atEnd: true},
		{folder: "report", pattern: "*.png", atEnd: true},
		{folder: "report", pattern: "index.html", atEnd: true},
	}
	if w.Artifacts == None {
		return all
	}
	return append(all,
		rule{folder: "checkpoints", pattern: "best_model.pt", atEnd: w.Artifacts == BestOnEnd},
		rule{folder: "checkpoints", pattern: "last_model.pt", atEnd: true},
		rule{folder: "embeddings", pattern: "*.np[yz]", atEnd: true, most: maxResult},
		rule{folder: "predictions", pattern: "*.np[yz]", atEnd: true, most: maxResult},
	)
}

// fileToSend is a file of the run that the target does not have as it is now.
type fileToSend struct{ path, as, stamp string }

// files lists what is to be sent. last_model.pt goes only where there is no best one.
func (s *sender) files() []fileToSend {
	dir := s.spool.Dir()
	if dir == "" {
		return nil
	}
	var out []fileToSend
	for _, r := range s.wanted.rules() {
		if r.atEnd && s.wanted.Status == Running {
			continue
		}
		root := filepath.Join(dir, r.folder)
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error { // what cannot be read is not there
			if err != nil || !d.Type().IsRegular() {
				if d != nil && d.IsDir() && path != root && r.folder != "artifacts" {
					return filepath.SkipDir
				}
				return nil
			}
			if ok, _ := filepath.Match(r.pattern, d.Name()); !ok || isTemporary(d.Name()) {
				return nil
			}
			info, err := d.Info()
			rel, _ := filepath.Rel(root, path)
			as := filepath.ToSlash(filepath.Join(shownFolder(r.folder), rel))
			if err != nil || r.most > 0 && info.Size() > r.most || as == "checkpoints/last_model.pt" && exists(filepath.Join(dir, "checkpoints", "best_model.pt")) {
				return nil
			}
			if stamp := stampOf(info); s.sent.Files[as] != stamp {
				out = append(out, fileToSend{path, as, stamp})
			}
			return nil
		})
	}
	return out
}

// shownFolder is where a folder's files are in MLflow.
func shownFolder(folder string) string {
	switch folder {
	case "artifacts":
		return "."
	case filepath.Join(spoolDir, "records"):
		return "records"
	}
	return folder
}

func isTemporary(name string) bool { return strings.HasPrefix(name, ".") }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// stampOf tells one content of a file from another without reading it.
func stampOf(info fs.FileInfo) string {
	stamp := fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		stamp += fmt.Sprintf(" %d", st.Ino)
	}
	return stamp
}

// sendFile sends one file as it is at this moment. One that is gone needs no sending.
func (s *sender) sendFile(ctx context.Context, file fileToSend) error {
	f, err := os.Open(file.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	err = s.store.artifact(ctx, s.remote, file.as, f, info.Size())
	if isPermanent(err) {
		s.tell("refused "+file.as, err.Error())
		err = nil
	}
	if err == nil {
		s.sent.Files[file.as] = stampOf(info)
		s.save()
	}
	return err
}
