package config

import "testing"

const placed = `experiment: {name: a, output_dir: runs}
data:
  source: shapes
model:
  type: toy
training:
  epochs: 3
  optimizer:
    name: sgd
    lr: 0.1
`

func TestPlaceIsTheLineAndColumnOfTheKeyOrOfTheSectionAroundIt(t *testing.T) {
	_, doc, err := ParseTrain("x.yaml", []byte(placed), Options{Set: []string{"data.count=9", "training.optimizer.momentum=0.9"}})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"data":                        "x.yaml:2:1",
		"data.source":                 "x.yaml:3:3",
		"training.optimizer.lr":       "x.yaml:10:5",
		"data.normalize":              "x.yaml:2:1", // a default
		"checkpoint.monitor":          "x.yaml",     // a default in a section that is not there
		"training.optimizer[0].lr":    "x.yaml:8:3",
		"nothing":                     "x.yaml",
		"data.count":                  "--set data.count=9",
		"training.optimizer.momentum": "--set training.optimizer.momentum=0.9",
	} {
		if got := doc.Place(key); got != want {
			t.Errorf("Place(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestPlaceCountsTheItemsOfLists(t *testing.T) {
	text := "experiment: {name: a, output_dir: runs}\nsplits:\n  - train\n  - test\n"
	_, doc, err := ParseInfer("x.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"splits[1]": "x.yaml:4:5", "splits[2]": "x.yaml:2:1", "splits.one": "x.yaml:2:1"} {
		if got := doc.Place(key); got != want {
			t.Errorf("Place(%q) = %q, want %q", key, got, want)
		}
	}
}
