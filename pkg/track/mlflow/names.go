package mlflow

import (
	"math"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// number is a float64 as MLflow's JSON reads it. A bare NaN or Infinity would be
// answered with success and stored as 0, with what follows in the batch lost; the
// names in quotes are right.
type number float64

// MarshalJSON writes all digits, and values that are no numbers by name.
func (n number) MarshalJSON() ([]byte, error) {
	switch x := float64(n); {
	case math.IsNaN(x):
		return []byte(`"NaN"`), nil
	case math.IsInf(x, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(x, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return strconv.AppendFloat(nil, x, 'g', -1, 64), nil
	}
}

// Key makes a name that MLflow takes for a metric, a parameter or a tag: letters,
// digits and _ - . space : /, at most 250 characters, and a path that is its own
// normal form. Other characters become an underscore.
func Key(name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-. :/", r) {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(name, "_"))
	clean = cut(clean, maxKey, "")
	if normal := strings.TrimPrefix(path.Clean("/"+clean), "/"); normal != clean || clean == "" {
		clean = normal
		if clean == "" {
			clean = "_"
		}
	}
	return clean
}

// cut shortens a text to at most n characters, with an ending that says so.
func cut(text string, n int, ending string) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-len([]rune(ending))]) + ending
}

// fit is a pair as MLflow takes it.
func fit(key, value string, most int) pair {
	return pair{Key(key), cut(strings.ToValidUTF8(value, "�"), most, "…")}
}
