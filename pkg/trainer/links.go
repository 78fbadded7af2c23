package trainer

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// writtenInto are the places of a run that trainer writes into without replacing them.
var writtenInto = []string{
	"checkpoints", "logs", "embeddings", "predictions", "evaluation", "report", "export", "artifacts", ".trainer",
	filepath.Join("logs", "training.log"), filepath.Join("logs", "metrics.jsonl"), filepath.Join("logs", "metrics.csv"),
	filepath.Join(".trainer", "mlflow-spool"),
}

// noLinksOut refuses an experiment directory of which a part is a link that leads out
// of it: a run that was downloaded must not make trainer write elsewhere. The directory
// itself, and the folder that it is in, may be links.
func noLinksOut(dir string) error {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil // its absence is told by those who need it
	}
	for _, part := range writtenInto {
		path := filepath.Join(dir, part)
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return mistakef("%s is a symbolic link that leads nowhere; remove it", path)
		}
		if !strings.HasPrefix(real, root+string(filepath.Separator)) {
			return mistakef("%s is a symbolic link out of the experiment, to %s; nothing is read or written through it: put the real folder in its place", path, real)
		}
	}
	return nil
}
