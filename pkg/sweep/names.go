package sweep

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// maxName is how long the name of a run may become.
const maxName = 150

// Names gives each point a folder name: base, and each key's last word with its value,
// as in baseline_beta-4_latent_dim-16. Words that would be the same for two keys have
// their section before them. Names that would be the same, or too long, end with a hash
// of the values.
func Names(base string, points []Point) []string {
	names := make([]string, len(points))
	count := map[string]int{}
	for i, p := range points {
		names[i] = base
		for j, s := range p {
			names[i] += "_" + word(p, j) + "-" + plain(s.Value)
		}
		count[names[i]]++
	}
	for i, name := range names {
		if count[name] > 1 || len(name) > maxName {
			h := fnv.New32a()
			fmt.Fprint(h, points[i])
			names[i] = fmt.Sprintf("%s_%08x", name[:min(len(name), maxName)], h.Sum32())
		}
	}
	return names
}

// word is what a key is called in a name: as much of its end as no other key has.
func word(p Point, j int) string {
	parts := strings.Split(p[j].Key, ".")
	for n := 1; n < len(parts); n++ {
		end := strings.Join(parts[len(parts)-n:], ".")
		alone := true
		for k, s := range p {
			alone = alone && (k == j || s.Key != end && !strings.HasSuffix(s.Key, "."+end))
		}
		if alone {
			return plain(end)
		}
	}
	return plain(p[j].Key)
}

// plain turns a text into letters, digits, dots, minus and underline.
func plain(text string) string {
	var b strings.Builder
	gap := false
	for _, c := range strings.Trim(text, "[]{}\"' ") {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(c)
			gap = false
		default:
			gap = true
		}
	}
	return b.String()
}
