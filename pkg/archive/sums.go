package archive

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// sumsName is the last entry of an archive of the folder name.
func sumsName(name string) string { return name + ".sha256" }

// maxSums bounds the list's size: some hundred thousand files.
const maxSums = 64 << 20

// sum is the SHA-256 of a file.
type sum struct {
	path string // with the folder's name before it
	hash [32]byte
}

// formatSums writes the list as sha256sum does.
func formatSums(sums []sum) []byte {
	var b strings.Builder
	for _, s := range sums {
		name, mark := strings.NewReplacer("\\", "\\\\", "\n", "\\n", "\r", "\\r").Replace(s.path), ""
		if name != s.path {
			mark = "\\"
		}
		fmt.Fprintf(&b, "%s%x  %s\n", mark, s.hash, name)
	}
	return []byte(b.String())
}

// parseSums reads the list.
func parseSums(text string) (map[string][32]byte, error) {
	out := map[string][32]byte{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		line, escaped := strings.CutPrefix(line, "\\")
		digits, name, found := strings.Cut(line, "  ")
		raw, err := hex.DecodeString(digits)
		if !found || err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("its list of checksums has the line %.80q", line)
		}
		if escaped {
			name = strings.NewReplacer("\\\\", "\\", "\\n", "\n", "\\r", "\r").Replace(name)
		}
		out[name] = [32]byte(raw)
	}
	return out, nil
}
