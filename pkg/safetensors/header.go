package safetensors

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

type entry struct {
	name    string
	DType   string
	Shape   []int64
	Offsets [2]int64
}

// parse reads the header; its keys must be unique, on every level.
func parse(header []byte) (*File, []entry, error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, bad("the header is no JSON object")
	}
	if !utf8.Valid(header) {
		return nil, nil, bad("the header is not UTF-8 text")
	}
	f := &File{tensors: map[string]Tensor{}}
	d := json.NewDecoder(bytes.NewReader(header))
	var entries []entry
	err := object(d, func(name string) error {
		if name == "__metadata__" {
			f.Metadata = map[string]string{}
			return object(d, func(key string) (err error) {
				f.Metadata[key], err = text(d)
				return err
			})
		}
		e, err := parseEntry(d, name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if rest := header[d.InputOffset():]; strings.Trim(string(rest), " ") != "" {
		return nil, nil, bad("the header goes on after its JSON object")
	}
	return f, entries, nil
}

// object reads a JSON object; value reads the value of each key.
func object(d *json.Decoder, value func(key string) error) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := text(d)
		if err != nil {
			return err
		}
		if seen[key] {
			return bad("%s stands twice in the header", short(key))
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	return delim(d, '}')
}

func delim(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err != nil {
		return bad("the header is no JSON: %v", err)
	}
	if token != want {
		return bad("the header has %s where a %v is expected", quoted(tokenText(token)), want)
	}
	return nil
}

func text(d *json.Decoder) (string, error) {
	token, err := d.Token()
	if err != nil {
		return "", bad("the header is no JSON: %v", err)
	}
	s, ok := token.(string)
	if !ok {
		return "", bad("the header has %s where a text is expected", quoted(tokenText(token)))
	}
	return s, nil
}

func tokenText(token json.Token) string {
	b, err := json.Marshal(token)
	if d, ok := token.(json.Delim); ok || err != nil {
		return d.String()
	}
	return string(b)
}

// parseEntry reads {"dtype": …, "shape": …, "data_offsets": …}, each once, no others.
func parseEntry(d *json.Decoder, name string) (entry, error) {
	e := entry{name: name}
	keys := 0
	err := object(d, func(key string) (err error) {
		keys++
		switch key {
		case "dtype":
			e.DType, err = text(d)
		case "shape":
			e.Shape, err = integers(d)
		case "data_offsets":
			var v []int64
			if v, err = integers(d); err == nil && len(v) != 2 {
				err = bad("data_offsets has %d numbers, expected 2", len(v))
			}
			copy(e.Offsets[:], v)
		default:
			err = bad("%s is an unknown key, expected dtype, shape and data_offsets", quoted(key))
		}
		return err
	})
	if err == nil && keys != 3 {
		err = bad("it has %d keys, expected dtype, shape and data_offsets", keys)
	}
	if err != nil {
		return e, bad("the header's entry %s: %s", short(name), err.(*Error).Msg)
	}
	return e, nil
}

func integers(d *json.Decoder) ([]int64, error) {
	var raw []json.Number
	if err := delim(d, '['); err != nil {
		return nil, err
	}
	d.UseNumber()
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, bad("the header is no JSON: %v", err)
		}
		n, ok := token.(json.Number)
		if !ok {
			return nil, bad("the header has %s where a number is expected", quoted(tokenText(token)))
		}
		raw = append(raw, n)
	}
	out := make([]int64, len(raw))
	for i, n := range raw {
		v, err := n.Int64()
		if err != nil {
			return nil, bad("%s is not a size", quoted(n.String()))
		}
		out[i] = v
	}
	return out, delim(d, ']')
}
