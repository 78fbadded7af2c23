package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestTagsOfAllSectionsAreSound(t *testing.T) {
	for _, section := range []any{new(Train), new(Infer), new(labelFiles), new(fakeVAE), new(fakeBeta), new(fakeSAE), new(fakeCustom), new(fakeLinear)} {
		if err := VerifyTags(section); err != nil {
			t.Errorf("%T: %v", section, err)
		}
	}
}

func TestVerifyTagsFindsMistakes(t *testing.T) {
	for want, section := range map[string]any{
		"found config.Train, expected a pointer": Train{},
		"A has no yaml tag":                      new(struct{ A int }),
		`check "positive" is not known`: new(struct {
			A int `yaml:"a" check:"positive"`
		}),
		"check min=x: not a number": new(struct {
			A int `yaml:"a" check:"min=x"`
		}),
		`condition "b", expected key=value`: new(struct {
			A int `yaml:"a" when:"b"`
		}),
		"condition on b, which is no earlier key": new(struct {
			A int `yaml:"a" when:"b=1"`
		}),
		"found 0, expected a whole number of at least 1": new(struct {
			A int `yaml:"a" default:"0" check:"min=1"`
		}),
		"key a stands twice": new(struct {
			A int `yaml:"a"`
			B int `yaml:"a"`
		}),
		"type func() cannot be read": new(struct {
			A func() `yaml:"a"`
		}),
		"is not YAML": new(struct {
			A []int `yaml:"a" default:"[1"`
		}),
		`defaults "0.1"`: new(struct {
			A int `yaml:"a" defaults:"0.1"`
		}),
		"found nothing, expected": new(struct {
			B struct {
				A int `yaml:"a" default:"null"`
			} `yaml:"b"`
		}),
	} {
		if err := VerifyTags(section); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A default that PyYAML reads as text would break the user's own scripts on config.yaml.
func TestDefaultsOfNumbersAreNumbersToPyYAML(t *testing.T) {
	float := regexp.MustCompile(`^[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?$`)
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for _, f := range fieldsOf(typ) {
			inner := elem(f.typ)
			if inner.Kind() == reflect.Struct && !isHook(inner) {
				walk(inner)
			}
			if inner.Kind() != reflect.Float64 || !f.hasDef {
				continue
			}
			for _, word := range strings.FieldsFunc(f.def, func(r rune) bool { return strings.ContainsRune("[], ", r) }) {
				if !float.MatchString(word) {
					t.Errorf("%s: default %s", f.key, word)
				}
			}
		}
	}
	walk(reflect.TypeFor[Train]())
	walk(reflect.TypeFor[Infer]())
}

func TestTheReferenceListsEveryKeyOnce(t *testing.T) {
	seen := map[string]Key{}
	for _, k := range Reference(&Train{}, "") {
		if _, twice := seen[k.Path]; twice {
			t.Errorf("%s is listed twice", k.Path)
		}
		seen[k.Path] = k
	}
	lr := seen["training.optimizer.lr"]
	if lr.Default != "1.0e-3" || lr.Check != "min=0" || lr.Doc == "" {
		t.Errorf("training.optimizer.lr is %+v", lr)
	}
	if d := seen["training.optimizer.weight_decay"].Default; d != "0.0 (name adamw: 0.01)" {
		t.Errorf("weight_decay's defaults are %q", d)
	}
	if _, ok := seen["mlflow.tracking_uri"]; !ok || len(seen) < 40 {
		t.Errorf("%d keys are listed", len(seen))
	}
}
