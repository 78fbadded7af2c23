package config

import (
	"os"

	"gopkg.in/yaml.v3"
)

// The kinds of config.
const (
	KindTrain = "train" // has model: or training:
	KindInfer = "infer" // has neither
)

// Options is what a config is read with beside its text.
type Options struct {
	// Models resolves the model section. Where it is nil, type and variant are read and
	// the section's other keys are neither checked nor given defaults.
	Models Models
	// Set holds overrides a.b.c=value in YAML value syntax; the later one wins. A value
	// of null takes the key away.
	Set []string
	// Env looks up environment variables; nil means the process's.
	Env func(string) (string, bool)
}

func (o Options) env() func(string) (string, bool) {
	if o.Env != nil {
		return o.Env
	}
	return os.LookupEnv
}

// LoadTrain reads a training config. The error is an *Error with all problems of the
// file, or a failure to read it.
func LoadTrain(path string, o Options) (*Train, *Document, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	return parseTrain(path, text, o)
}

// ParseTrain is LoadTrain on text; name stands for the path in messages.
func ParseTrain(name string, text []byte, o Options) (*Train, *Document, error) {
	plain, err := normalise(name, text)
	if err != nil {
		return nil, nil, err
	}
	return parseTrain(name, plain, o)
}

func parseTrain(name, text string, o Options) (*Train, *Document, error) {
	root, d, err := prepare(name, text, KindTrain, o)
	if err != nil {
		return nil, nil, err
	}
	if kindOf(root) == KindInfer && looksInfer(root) {
		return nil, nil, fileError(name, "has neither model: nor training:, so it is a config for extract-embeddings or predict; expected a training config")
	}
	train := new(Train)
	doc, err := d.decode(text, root, train)
	if err != nil {
		return nil, nil, err
	}
	return train, doc, nil
}

// LoadInfer reads a config for extract-embeddings or predict. The error is an *Error
// with all problems of the file, or a failure to read it.
func LoadInfer(path string, o Options) (*Infer, *Document, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	return parseInfer(path, text, o)
}

// ParseInfer is LoadInfer on text; name stands for the path in messages.
func ParseInfer(name string, text []byte, o Options) (*Infer, *Document, error) {
	plain, err := normalise(name, text)
	if err != nil {
		return nil, nil, err
	}
	return parseInfer(name, plain, o)
}

func parseInfer(name, text string, o Options) (*Infer, *Document, error) {
	root, d, err := prepare(name, text, KindInfer, o)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range []string{"model", "training"} {
		if k, _ := find(root, key); k != nil {
			d.problem(k, spot{key, k}, "belongs to a training config; expected a config for extract-embeddings or predict, with experiment, checkpoint, data, splits, batch_size, device and output")
			return nil, nil, newError(d.problems[len(d.problems)-1:])
		}
	}
	infer := new(Infer)
	doc, err := d.decode(text, root, infer)
	if err != nil {
		return nil, nil, err
	}
	return infer, doc, nil
}

// Kind tells whether a file is a training config (KindTrain) or one for
// extract-embeddings or predict (KindInfer), by its sections alone.
func Kind(path string) (string, error) {
	text, err := readFile(path)
	if err != nil {
		return "", err
	}
	root, err := parseText(path, text)
	if err != nil {
		return "", err
	}
	d := newDecoder(path, KindTrain, Options{})
	root = d.unfold(root)
	d.extend(root, []string{path})
	return kindOf(root), nil // problems are told when it is loaded
}

func kindOf(root *yaml.Node) string {
	for _, key := range []string{"model", "training"} {
		if k, _ := find(root, key); k != nil {
			return KindTrain
		}
	}
	return KindInfer
}

// looksInfer reports whether a config without model and training was meant to be one
// for inference, and not a training config that lacks them.
func looksInfer(root *yaml.Node) bool {
	for _, key := range []string{"splits", "output"} {
		if k, _ := find(root, key); k != nil {
			return true
		}
	}
	_, checkpoint := find(root, "checkpoint")
	_, data := find(root, "data")
	return checkpoint != nil && checkpoint.Kind == yaml.ScalarNode && !isNull(checkpoint) || data == nil
}

// prepare parses the text into one tree: aliases unfolded, short forms expanded,
// overrides applied.
func prepare(name, text, kind string, o Options) (*yaml.Node, *decoder, error) {
	parsed, err := parseText(name, text)
	if err != nil {
		return nil, nil, err
	}
	d := newDecoder(name, kind, o)
	root := d.unfold(parsed)
	if kind == KindTrain {
		d.expandShort(root)
	}
	d.extend(root, []string{name})
	for _, arg := range o.Set {
		d.override(root, arg)
	}
	return root, d, nil
}
