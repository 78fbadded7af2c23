package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const several = `experiment: {name: a, output_dir: b}
data: {source: shapes}
model:
  type: sae
  d_sae: 64
  members:
    - {k: 4}
    - k: 8   # wider
      d_sae: 128
      seed: 7
      name: wide
`

func TestMembersAreWhatDiffersFromTheSection(t *testing.T) {
	c, doc, err := ParseTrain("c.yaml", []byte(several), Options{Models: fakeModels{}})
	if err != nil {
		t.Fatal(err)
	}
	m := c.Model.Members
	if len(m) != 2 || m[0].Name != "" || !slices.Equal(m[0].Set, []string{"model.k=4"}) ||
		m[1].Name != "wide" || !slices.Equal(m[1].Set, []string{"model.k=8", "model.d_sae=128", "model.seed=7"}) {
		t.Errorf("%+v", m)
	}
	if first, ok := c.Model.Params.(*fakeSAE); !ok || first.K != 4 || first.DSae != 64 {
		t.Errorf("the section stands for %+v", c.Model.Params)
	}
	one, saved, err := ParseTrain("c.yaml", doc.Effective(), Options{Models: fakeModels{}, Set: append([]string{"model.members=null"}, m[1].Set...)})
	if err != nil {
		t.Fatal(err)
	}
	if p := one.Model.Params.(*fakeSAE); p.K != 8 || p.DSae != 128 || *one.Model.Seed != 7 || len(one.Model.Members) != 0 {
		t.Errorf("%+v %+v", one.Model, p)
	}
	if strings.Contains(string(saved.Effective()), "members") {
		t.Errorf("%s", saved.Effective())
	}
}

func TestBrokenMembersNameTheMember(t *testing.T) {
	for item, want := range map[string]string{
		"{k: 4}\n    - {k: 400}":        "c.yaml:7:8: model.members[1].k: found 400, expected at most d_sae (64)",
		"{kk: 4}":                       "c.yaml:6:8: model.members[0].kk: unknown key; did you mean k?",
		"{seed: -1}":                    "c.yaml:6:8: model.members[0].seed: found -1, expected a whole number of at least 0",
		"{name: a/b}":                   "c.yaml:6:8: model.members[0].name: found \"a/b\", expected one folder name",
		"{type: vae}":                   "c.yaml:6:8: model.members[0].type: members are models of one type",
		"4":                             "c.yaml:6:7: model.members[0]: found 4, expected a section with what differs",
		"{variant: gated, k: 4, a: {}}": "c.yaml:6:8: model.members[0].variant",
	} {
		text := "experiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel:\n  type: sae\n  members:\n    - " + item + "\n"
		_, _, err := ParseTrain("c.yaml", []byte(text), Options{Models: fakeModels{}, Set: []string{"model.d_sae=64"}})
		var problems *Error
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %s", item, err, want)
		}
	}
	if _, _, err := ParseTrain("c.yaml", []byte(strings.Replace(several, "    - {k: 4}\n", "", 1)), Options{Models: fakeModels{}, Set: []string{"model.members=[]"}}); err == nil || !strings.Contains(err.Error(), "a list of sections") {
		t.Error(err)
	}
}
