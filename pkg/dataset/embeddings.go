package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// openEmbeddings opens another experiment's output, its files as the splits.
func openEmbeddings(s Spec) (*parts, error) {
	if s.Experiment == "" {
		return nil, mistake("data.experiment: the directory of an experiment is needed with source embeddings")
	}
	if info, err := os.Stat(s.Experiment); errors.Is(err, fs.ErrNotExist) {
		return nil, mistake("data.experiment: %s does not exist; %s", s.Experiment, near(filepath.Clean(s.Experiment)))
	} else if err != nil {
		return nil, mistake("data.experiment: %s cannot be opened: %v", s.Experiment, reason(err))
	} else if !info.IsDir() {
		return nil, mistake("data.experiment: %s is a file; expected the directory of an experiment", s.Experiment)
	}
	folder := filepath.Join(s.Experiment, "embeddings")
	files := [3]string{}
	for i, split := range splitNames {
		files[i] = present(filepath.Join(folder, split+"_embeddings.npy"))
	}
	if files[0] == "" {
		return nil, mistake("data.experiment: %s has no embeddings/train_embeddings.npy; run: trainer extract-embeddings %s", s.Experiment, s.Experiment)
	}
	s.Path, s.Train, s.Val, s.Test = "", files[0], files[1], files[2]
	s.Labels = embeddingLabels(folder, files)
	p, err := openFiles(s)
	if err != nil {
		return nil, err
	}
	p.divide = false // a split that is not there was empty when they were extracted
	return p, nil
}

// present is the file, plain or with .gz, or nothing.
func present(path string) string {
	for _, p := range []string{path, path + ".gz"} {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

// embeddingLabels are the label files that extraction wrote beside the embeddings,
// if there is one for each of them.
func embeddingLabels(folder string, files [3]string) Labels {
	labels := [3]string{}
	for i, split := range splitNames {
		if files[i] == "" {
			continue
		}
		if labels[i] = present(filepath.Join(folder, split+"_labels.npy")); labels[i] == "" {
			return Labels{}
		}
	}
	return Labels{Train: labels[0], Val: labels[1], Test: labels[2]}
}
