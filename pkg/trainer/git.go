package trainer

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// repository is what git says of the folder that the command runs in.
type repository struct {
	commit, branch string // empty where there is none
	dirty          string // whether tracked files differ from the commit, true or false; empty where git does not tell
}

// gitState asks git; the zero value where the folder is in no repository.
func gitState() repository {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	git := func(args ...string) (string, bool) {
		out, err := exec.CommandContext(ctx, "git", args...).Output()
		return strings.TrimSpace(string(out)), err == nil
	}
	var r repository
	var ok bool
	if r.commit, ok = git("rev-parse", "HEAD"); !ok {
		return repository{}
	}
	if branch, ok := git("rev-parse", "--abbrev-ref", "HEAD"); ok && branch != "HEAD" {
		r.branch = branch
	}
	if changed, ok := git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no"); ok {
		r.dirty = strconv.FormatBool(changed != "")
	}
	return r
}

// String is one line for people; empty outside of a repository.
func (r repository) String() string {
	if r.commit == "" {
		return ""
	}
	text := "commit " + r.commit
	if r.branch != "" {
		text += " on " + r.branch
	}
	if r.dirty == "true" {
		text += ", with changes that are not committed"
	}
	return text
}

// gitTags are the same as tags of MLflow.
func gitTags() map[string]string {
	r := gitState()
	tags := map[string]string{}
	for key, value := range map[string]string{"commit": r.commit, "branch": r.branch, "dirty": r.dirty} {
		if value != "" {
			tags["mlflow.source.git."+key] = value
		}
	}
	return tags
}

// later computes something beside what follows.
func later[T any](compute func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- compute() }()
	return done
}
