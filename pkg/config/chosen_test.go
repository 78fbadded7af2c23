package config

import (
	"fmt"
	"testing"
)

func TestChoicesAreTheKeysThatAreNotTheDefault(t *testing.T) {
	text := `experiment: {name: a, output_dir: runs, seed: 42}
data: {source: shapes, split: {train: 0.8, val: 0.1, test: 0.1}, batch_size: 64}
model: {type: vae}
training: {optimizer: {name: sgd, lr: "${LR:-0.1}"}, epochs: 20}
`
	choices, err := Choices("x.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range choices {
		got = append(got, fmt.Sprintf("%s %v %v", c.Key, c.Value, c.Default))
	}
	want := "[data.batch_size 64 128 data.source shapes <nil> experiment.name a <nil> experiment.output_dir runs <nil> model.type vae <nil> training.optimizer.lr ${LR:-0.1} 0.001 training.optimizer.name sgd adam]"
	if fmt.Sprint(got) != want {
		t.Errorf("found %v\nwant  %s", got, want)
	}
}

func TestChoicesOfAWrongConfigIsItsError(t *testing.T) {
	if _, err := Choices("x.yaml", []byte("experiment: {}\n"), Options{}); err == nil {
		t.Error("no error")
	}
}
