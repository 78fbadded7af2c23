package config

import (
	"reflect"
	"testing"

	"gopkg.in/yaml.v3"
)

// hooked shows all that a type's own reading can ask for.
type hooked struct {
	Got   []string
	Sizes []int
}

func (h *hooked) UnmarshalConfig(v Value) {
	switch v.Shape() {
	case List:
		for _, item := range v.Items() {
			word, under, ok := item.Tagged()
			if !ok {
				continue
			}
			h.Got = append(h.Got, under.Key())
			if under.Shape() == Section {
				for _, e := range under.Entries() {
					var size int
					if e.Value.Decode(&size, "min=1") {
						h.Sizes = append(h.Sizes, size)
					}
				}
			}
			if word == "bad" {
				under.Reject("does not belong here")
			}
		}
	case Scalar:
		var word string
		if v.Decode(&word, "nonempty") && word != "none" {
			v.WrongWord(word, []string{"none"})
		}
	default:
		v.Items()
	}
}

type hookParams struct {
	Hook hooked    `yaml:"hook" doc:"a hook"`
	Raw  yaml.Node `yaml:"raw" doc:"kept as it is"`
}

type hookModels struct{ fakeModels }

func (hookModels) Params(typ, variant string) (any, bool) { return new(hookParams), true }

func TestHookReadsListsAndKeepsPlaces(t *testing.T) {
	o := testOptions("WORD=secret", "SIZE=3")
	o.Models = hookModels{}
	train, _ := mustTrain(t, exp+shapes+"model:\n  type: vae\n  raw: {a: [1, \"${X}\"]}\n  hook:\n    - relu\n    - linear: {a: 2, b: \"${SIZE}\"}\n    - tanh:\n", o)
	p := train.Model.Params.(*hookParams)
	if want := []string{"model.hook[0].relu", "model.hook[1].linear", "model.hook[2].tanh"}; !reflect.DeepEqual(p.Hook.Got, want) {
		t.Errorf("paths are %v", p.Hook.Got)
	}
	if !reflect.DeepEqual(p.Hook.Sizes, []int{2, 3}) || p.Raw.Kind != yaml.MappingNode {
		t.Errorf("got %+v", p)
	}
	for text, want := range map[string]string{
		"    - relu\n    - linear: {a: 0}\n": "c.yaml:7:16: model.hook[1].linear.a: found 0, expected a whole number of at least 1",
		"    - bad\n":                        "c.yaml:6:7: model.hook[0].bad: does not belong here",
		"    - {}\n":                         "c.yaml:6:7: model.hook[0]: found an empty section, expected a word, or a section of one key",
		"    nome\n":                         "c.yaml:5:3: model.hook: found \"nome\", expected none; did you mean none?",
		"    ${WORD}\n":                      "c.yaml:5:3: model.hook: found ${WORD} (its value is not shown), expected none",
		"    a: 1\n":                         "c.yaml:5:3: model.hook: found a section, expected a list",
		"    [{linear: {a: x}}, 3]\n":        "c.yaml:6:16: model.hook[0].linear.a: found \"x\", expected a whole number of at least 1\nc.yaml:6:24: model.hook[1]: found 3, expected a word, or a section of one key",
	} {
		_, _, err := ParseTrain("c.yaml", []byte(exp+shapes+"model: \n  type: vae\n  hook:\n"+text), o)
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
