package config

import (
	"errors"
	"reflect"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// FuzzLoadTrain: any text is either refused with sentences, or its effective config
// loads to the same structs and to the same bytes.
func FuzzLoadTrain(f *testing.F) {
	for _, text := range roundTripTexts {
		f.Add([]byte(text), "training.epochs=3")
	}
	f.Add([]byte(sampleEffective), "model.encoder.hidden_dims=[3, 4]")
	f.Add([]byte(exp+shapes+"model: {type: custom_model, layers: [relu, {linear: {out: 3}}]}\n"), "model.layers.1.linear.out=1e2")
	f.Add([]byte("  a: {b: [1, \"x\"], c: } # c\n  d: |\n    text\n  e: !!str 5\n  f: &f [g]\n  h: *f\n"), "model.a.b.0=2")
	f.Add([]byte("a: &a [*a]\nb: {<<: *a}\n"), "a=*a")
	f.Add([]byte("experiment: {name: \"${A}\"}\n\ttab: 1\n"), "training.lr={a: 1, a: 2}")
	f.Fuzz(func(t *testing.T, text []byte, set string) {
		o := testOptions("A=1", "URI=x")
		o.Set = []string{set}
		checkLoad(t, string(text), o)
		// Without models any tree may stand under model.
		o.Models = nil
		checkLoad(t, exp+"training: {lr: 1}\nmodel:\n  type: x\n"+string(text)+"\n"+shapes, o)
	})
}

func checkLoad(t *testing.T, text string, o Options) {
	var train *Train
	var doc *Document
	var err error
	bounded.Run(t, func() { train, doc, err = ParseTrain("c.yaml", []byte(text), o) })
	if err != nil {
		var user *Error
		if !errors.As(err, &user) || len(user.Problems) == 0 {
			t.Fatalf("%T: %v", err, err)
		}
		return
	}
	saved := doc.Effective()
	o.Set = nil
	again, doc2, err := ParseTrain("c.yaml", saved, o)
	if err != nil {
		t.Fatalf("effective config is refused: %v\n%s", err, saved)
	}
	if !reflect.DeepEqual(train, again) {
		t.Fatalf("loaded again: %+v\nwant %+v\n%s", again, train, saved)
	}
	if second := doc2.Effective(); string(second) != string(saved) {
		t.Fatalf("effective of effective:\n%s\nwant:\n%s", second, saved)
	}
	doc.Map()
}
