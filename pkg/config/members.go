package config

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// Member is one of several models that are trained on one pass over the data: what
// differs from the model section.
type Member struct {
	Name string   // follows the experiment's; empty where none is given
	Set  []string // as Options.Set takes them, in the file's order
}

// members reads a model section that describes several models. Each is checked as the
// section that it stands for; type, variant and Params are those of the first.
func (d *decoder) members(n *yaml.Node, m *Model, at spot) {
	k, list := find(n, "members")
	at = at.child("members", k)
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		d.wrong(list, at, "a list of sections, each with what differs from the model section, such as {k: 32}", "")
		return
	}
	for i, item := range list.Content {
		here := d.item(at, i, item)
		if item.Kind != yaml.MappingNode || len(item.Content) == 0 {
			d.wrong(item, here, "a section with what differs from the model section, such as {k: 32}", "")
			continue
		}
		member, ok := d.member(item, here)
		one := new(Model)
		if !ok || !d.one(merged(n, item), one, here) {
			continue
		}
		if m.Members = append(m.Members, member); i == 0 {
			m.Type, m.Variant, m.Seed, m.Params = one.Type, one.Variant, one.Seed, one.Params
		}
	}
}

// member is an item as settings of the model section.
func (d *decoder) member(item *yaml.Node, at spot) (m Member, ok bool) {
	ok = true
	for i := 0; i+1 < len(item.Content); i += 2 {
		k, v := item.Content[i], item.Content[i+1]
		switch k.Value {
		case "type", "members":
			d.problem(k, at.child(k.Value, k), "members are models of one type, and have no members; remove it")
			ok = false
		case "name":
			var fine bool
			m.Name, fine = d.text(v, rules{named: "folder"}, at.child("name", k))
			ok = ok && fine
		default:
			m.Set = append(m.Set, "model."+k.Value+"="+strings.TrimSpace(encode(clean(v, 0))))
		}
	}
	return m, ok
}

// merged is the model section with a member's keys in the place of its own.
func merged(section, item *yaml.Node) *yaml.Node {
	n := mappingNode()
	add := func(from *yaml.Node, leftOut string) {
		for i := 0; i+1 < len(from.Content); i += 2 {
			k, v := from.Content[i], from.Content[i+1]
			if k.Value == leftOut {
				continue
			}
			remove(n, k.Value)
			n.Content = append(n.Content, k, v)
		}
	}
	add(section, "members")
	add(item, "name")
	return n
}
