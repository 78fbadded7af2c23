package metrics

import (
	"math"
	"testing"
)

// What scikit-learn 1.9.1 gives for the same logits; the calibration error has the formula
// of Guo et al.
func TestClassesAreJudgedAsScikitLearnDoes(t *testing.T) {
	c, two := NewClasses(3), NewClasses(2)
	for i := range 40 {
		label := i * 7 % 5 % 3
		var logits []float32
		for j := range 3 {
			l := float32(math.Sin(float64(1+i*3+j)) * 2)
			if j == label {
				l += 1.2
			}
			logits = append(logits, l)
		}
		c.Add(logits, []float32{float32(label)})
		half := float64(min(label, 1))
		two.Add([]float32{0, float32(math.Cos(float64(i)) + 0.5*half)}, []float32{float32(half)})
	}
	wantValues(t, c.Values(), map[string]float64{"accuracy": 0.55, "balanced_accuracy": 0.5625, "f1_macro": 0.5439045183, "f1_micro": 0.55,
		"precision_macro": 0.6296296296, "recall_macro": 0.5625, "roc_auc": 0.8151041667, "log_loss": 0.8718839263, "ece": 0.2509373401})
	wantValues(t, two.Values(), map[string]float64{"roc_auc": 0.7578125})
}

// A class that is neither there nor answered counts in no mean, one that is only answered
// counts as scikit-learn counts it.
func TestClassesThatAreNotThere(t *testing.T) {
	c := NewClasses(4)
	c.Add([]float32{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, []float32{0, 1, 1}) // the third answer is class 2
	wantValues(t, c.Values(), map[string]float64{"balanced_accuracy": 0.75, "recall_macro": 0.5, "precision_macro": 2.0 / 3, "f1_macro": (1 + 2.0/3) / 3})
	one := NewClasses(2)
	one.Add([]float32{1, 0}, []float32{0})
	for _, v := range one.Values() {
		if v.Name == "roc_auc" && !math.IsNaN(v.Value) {
			t.Errorf("one class alone has the area %v", v.Value)
		}
	}
}
