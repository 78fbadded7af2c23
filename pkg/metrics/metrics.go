// Package metrics judges models by numbers over a whole split: reconstruction, sparsity,
// posterior, classes and known factors. What is added up comes batch by batch, in float64;
// a value does not depend on how the split was cut into batches. Every name has one
// definition, which Meaning tells.
package metrics

// Value is a named number.
type Value struct {
	Name  string
	Value float64
}
