package trainer

import (
	"fmt"
	"regexp"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/builtin"
)

// registered are the models of the program around this package.
var registered model.Registry

var variantName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Register adds a model that a config then asks for by `model: {type: custom_model,
// variant: name}`, or by v.Type where that names another type, such as vae. v.Params and
// v.Build are required; v.Name is not read. Call it before Main.
//
// A name that is no word of lower-case letters, digits and _, or that the type has
// already, is a programming error and panics.
func Register(name string, v model.Variant) {
	v.Name = name
	if v.Type == "" {
		v.Type = "custom_model"
	}
	switch _, taken := models().Find(v.Type, name); {
	case taken:
		panic(fmt.Sprintf("trainer.Register: %s has a variant %s already", v.Type, name))
	case !variantName.MatchString(name):
		panic(fmt.Sprintf("trainer.Register: found the name %q, expected lower-case letters, digits and _", name))
	case v.Params == nil || v.Build == nil:
		panic(fmt.Sprintf("trainer.Register: %s has no Params or no Build", name))
	}
	registered = append(registered, v)
}

// models are trainer's own and the registered ones, each beside those of its type.
func models() model.Registry { return builtin.Registry().With(registered...) }
