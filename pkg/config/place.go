package config

import (
	"fmt"
	"regexp"
	"strconv"

	"gopkg.in/yaml.v3"
)

var pathPart = regexp.MustCompile(`[^.\[\]]+`)

// Place says where a key such as model.layers[2].linear was given, as a Problem does:
// "configs/x.yaml:12", or "--set model.k=9". Where it was not given, it is the place of
// the section around it.
func (d *Document) Place(key string) string {
	n, file, line, set := d.root, d.file, 0, ""
	for _, part := range pathPart.FindAllString(key, -1) {
		k, next := step(n, part)
		if next == nil {
			break
		}
		n = next
		switch {
		case d.overs[n] != "":
			set = d.overs[n]
		case k.Line > 0:
			file, line, set = d.file, k.Line, ""
		case d.from[k].line > 0:
			file, line, set = d.from[k].file, d.from[k].line, ""
		}
	}
	switch {
	case set != "":
		return "--set " + shorten(set, setWidth)
	case line > 0:
		return fmt.Sprintf("%s:%d", file, line)
	}
	return d.file
}

// step goes one part of a key down; k has the line of what it finds.
func step(n *yaml.Node, part string) (k, next *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		return find(n, part)
	}
	i, err := strconv.Atoi(part)
	if err != nil || n.Kind != yaml.SequenceNode || i < 0 || i >= len(n.Content) {
		return nil, nil
	}
	return n.Content[i], n.Content[i]
}
