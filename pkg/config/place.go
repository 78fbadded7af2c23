package config

import (
	"fmt"
	"regexp"
	"strconv"

	"gopkg.in/yaml.v3"
)

// position is where something stands: in a file, or in a --set argument.
type position struct {
	file         string
	line, column int    // from 1, the column in characters; 0 = not known
	set          string // the --set argument; empty for a file's own text
}

// setWidth is how many characters of a --set argument a message repeats.
const setWidth = 60

// String is the position as editors and compilers write it, `path:line:column`.
func (p position) String() string {
	switch {
	case p.set != "":
		return "--set " + shorten(p.set, setWidth)
	case p.line > 0 && p.column > 0:
		return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column)
	case p.line > 0:
		return fmt.Sprintf("%s:%d", p.file, p.line)
	}
	return p.file
}

// places knows where the nodes of a tree stand.
type places struct {
	file    string
	overs   map[*yaml.Node]string   // nodes that came by --set, with that argument
	origins map[*yaml.Node]position // nodes that came from a file that this one builds on
}

func placesIn(file string) places {
	return places{file: file, overs: map[*yaml.Node]string{}, origins: map[*yaml.Node]position{}}
}

// of is the place of a node; ok is false for a default, which stands nowhere.
func (p places) of(n *yaml.Node) (at position, ok bool) {
	if n == nil {
		return position{}, false
	}
	if set := p.overs[n]; set != "" {
		return position{file: p.file, set: set}, true
	}
	if at, ok = p.origins[n]; ok {
		return at, true
	}
	return position{file: p.file, line: n.Line, column: n.Column}, n.Line > 0
}

var pathPart = regexp.MustCompile(`[^.\[\]]+`)

// Place says where a key such as model.layers[2].linear was given, as a Problem does:
// "configs/x.yaml:12:3", or "--set model.k=9". Where it was not given, it is the place
// of the section around it.
func (d *Document) Place(key string) string {
	n, at := d.root, position{file: d.file}
	for _, part := range pathPart.FindAllString(key, -1) {
		k, next := step(n, part)
		if next == nil {
			break
		}
		n = next
		for _, node := range []*yaml.Node{n, k} { // a value that was set, else its key
			if found, ok := d.of(node); ok && (node == k || found.set != "") {
				at = found
				break
			}
		}
	}
	return at.String()
}

// step goes one part of a key down; k has the place of what it finds.
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
