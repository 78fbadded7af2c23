package config

import (
	"fmt"
	"regexp"
	"strings"
)

// namedCheck is a check of a text that needs more than a list of words.
type namedCheck struct {
	ok     func(string) bool
	wanted string
	hint   func(string) string // what the user probably meant, or what to do; may be nil
}

// maxFolder leaves room for what is put around a name: a lock's, a timestamp.
const maxFolder = 200

var (
	folderText  = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)
	deviceText  = regexp.MustCompile(`^(auto|cpu|cuda|cuda:(0|[1-9][0-9]{0,3}))$`)
	monitorText = regexp.MustCompile(`^(train|val)(/[A-Za-z0-9_.-]+)+$`)
)

var namedChecks = map[string]namedCheck{
	"folder": {
		ok:     func(s string) bool { return folderText.MatchString(s) && len(s) <= maxFolder },
		wanted: "one folder name of letters, digits, . _ and - (no dot in front)",
		hint:   folderFix,
	},
	"path": {
		ok: func(s string) bool {
			return strings.TrimSpace(s) != "" && !strings.ContainsRune(s, 0) && s != "~" && !strings.HasPrefix(s, "~/")
		},
		wanted: "a path",
		hint: func(s string) string {
			if strings.HasPrefix(s, "~") {
				return `~ is not expanded here, write "${HOME}` + s[1:] + `"`
			}
			return ""
		},
	},
	"checkpoint": {
		ok:     func(s string) bool { return strings.TrimSpace(s) != "" && !strings.ContainsRune(s, 0) },
		wanted: "best, last, epoch_007 or a path",
	},
	"device": {
		ok:     deviceText.MatchString,
		wanted: "auto, cpu, cuda or cuda:N (such as cuda:0)",
		hint: func(s string) string {
			return didYouMean(likely(s, []string{"auto", "cpu", "cuda"}))
		},
	},
	"monitor": {
		ok:     monitorText.MatchString,
		wanted: "a metric of a split, such as val/loss or train/loss",
		hint:   monitorFix,
	},
	"every": {
		ok:     func(s string) bool { _, _, ok := parseEvery(s); return ok },
		wanted: `none, a number of steps (500) or a time ("10m")`,
	},
	"nonempty": {
		ok:     func(s string) bool { return strings.TrimSpace(s) != "" },
		wanted: "text that is not empty",
	},
}

// folderFix says where the path parts of a name belong.
func folderFix(s string) string {
	if len(s) > maxFolder {
		return fmt.Sprintf("it has %d characters, at most %d are allowed", len(s), maxFolder)
	}
	if i := strings.LastIndexByte(s, '/'); i >= 0 && folderText.MatchString(s[i+1:]) {
		return "the folders before it belong into output_dir"
	}
	if fixed := strings.ReplaceAll(strings.TrimSpace(s), " ", "_"); fixed != s && folderText.MatchString(fixed) {
		return didYouMean(fixed)
	}
	return ""
}

// monitorFix turns val_loss and loss into val/loss.
func monitorFix(s string) string {
	if monitorText.MatchString(s) {
		return didYouMean(s)
	}
	for _, split := range []string{"val", "train"} {
		for _, sep := range []string{"_", ".", "-", ":", " "} {
			if rest, ok := strings.CutPrefix(s, split+sep); ok && monitorText.MatchString(split+"/"+rest) {
				return didYouMean(split + "/" + rest)
			}
		}
	}
	if rest, ok := strings.CutPrefix(s, "valid"); ok {
		return monitorFix("val" + strings.TrimPrefix(rest, "ation"))
	}
	if monitorText.MatchString("val/"+s) && !strings.Contains(s, "/") {
		return didYouMean("val/" + s)
	}
	return ""
}

// didYouMean is a hint that names the likely word; "" for none.
func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return "did you mean " + word + "?"
}
