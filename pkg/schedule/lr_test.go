package schedule

import (
	"math"
	"strings"
	"testing"
)

func near(got, want float64) bool {
	return math.Abs(got-want) <= 1e-14+1e-12*math.Abs(want)
}

// The wanted values were printed by PyTorch 2.15: the named scheduler on an SGD
// of lr 0.1, read before each optimizer step. The ones with a warm-up are
// SequentialLR(LinearLR(0.25 -> 1 over 3), the schedule, milestones=[4]).
func TestRatesEqualPyTorchs(t *testing.T) {
	warm := []float64{0.025, 0.05, 0.07500000000000001, 0.1}
	tests := []struct {
		name string
		lr   LR
		want []float64
	}{
		{"CosineAnnealingLR", LR{Name: Cosine, Base: 0.1, Min: 0.01, Total: 8},
			[]float64{0.1, 0.0965745789630079, 0.08681980515339463, 0.07222075445642905, 0.055,
				0.03777924554357096, 0.023180194846605363, 0.013425421036992097, 0.01}},
		{"LinearLR", LR{Name: Linear, Base: 0.1, Min: 0.01, Total: 8},
			[]float64{0.1, 0.08875, 0.07749999999999999, 0.06624999999999999, 0.05499999999999999,
				0.04374999999999999, 0.032499999999999994, 0.021249999999999995, 0.009999999999999997,
				0.009999999999999997, 0.009999999999999997}},
		{"ConstantLR for 4 steps, LinearLR", LR{Name: Linear, Base: 0.1, Min: 0.01, DecayStart: 4, Total: 10},
			[]float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.085, 0.07, 0.05500000000000001, 0.04000000000000001,
				0.025000000000000005, 0.010000000000000002, 0.010000000000000002}},
		{"the same by a share", LR{Name: Linear, Base: 0.1, Min: 0.01, DecayStart: 0.4, Total: 10},
			[]float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.085, 0.07}},
		{"a fall after the run's end", LR{Name: Linear, Base: 0.1, DecayStart: 20, Total: 10}, []float64{0.1, 0.1, 0.1}},
		{"warm-up of 4 steps, constant for 2, CosineAnnealingLR", LR{Name: Cosine, Base: 0.1, Min: 0.01, Warmup: 4, DecayStart: 6, Total: 12},
			append(warm[:4:4], 0.1, 0.1, 0.1, 0.09397114317029975, 0.07750000000000001, 0.055000000000000014,
				0.032500000000000015, 0.01602885682970026, 0.01)},
		{"StepLR", LR{Name: Step, Base: 0.1, Gamma: 0.5, StepSize: 3},
			[]float64{0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125}},
		{"warm-up, CosineAnnealingLR", LR{Name: Cosine, Base: 0.1, Min: 0.01, Warmup: 4, Total: 10},
			append(warm[:4:4], 0.1, 0.09397114317029975, 0.07750000000000001, 0.055000000000000014,
				0.032500000000000015, 0.01602885682970026, 0.01)},
		{"warm-up, LinearLR", LR{Name: Linear, Base: 0.1, Min: 0.01, Warmup: 4, Total: 10},
			append(warm[:4:4], 0.1, 0.085, 0.07, 0.05500000000000001, 0.04000000000000001,
				0.025000000000000005, 0.010000000000000002, 0.010000000000000002)},
		{"warm-up, StepLR", LR{Name: Step, Base: 0.1, Gamma: 0.5, StepSize: 2, Warmup: 4},
			append(warm[:4:4], 0.1, 0.1, 0.05, 0.05, 0.025, 0.025)},
		{"warm-up, ConstantLR", LR{Name: Constant, Base: 0.1, Warmup: 4},
			append(warm[:4:4], 0.1, 0.1, 0.1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for step, want := range tt.want {
				if got := tt.lr.At(int64(step)); !near(got, want) {
					t.Errorf("step %d: rate %v, want %v", step, got, want)
				}
			}
		})
	}
}

func TestFirstStepOfWarmupIsNotZeroAndLastIsFull(t *testing.T) {
	for _, name := range Names() {
		lr := LR{Name: name, Base: 3, Gamma: 0.1, Warmup: 5, StepSize: 1, Total: 50}
		if got := lr.At(0); got != 3.0/5 {
			t.Errorf("%s: first rate %v, want 0.6", name, got)
		}
		if got := lr.At(4); got != 3 {
			t.Errorf("%s: last rate of the warm-up %v, want 3", name, got)
		}
		if got := lr.At(5); got != 3 {
			t.Errorf("%s: first rate after the warm-up %v, want 3", name, got)
		}
	}
}

func TestRateStaysAtMinimumPastTheEnd(t *testing.T) {
	for _, name := range []string{Linear, Cosine} {
		lr := LR{Name: name, Base: 1, Min: 0.25, Warmup: 2, Total: 10}
		for _, step := range []int64{10, 11, 18, 1e12} {
			if got := lr.At(step); !near(got, 0.25) {
				t.Errorf("%s: rate %v at step %d, want the minimum 0.25", name, got, step)
			}
		}
		if got := lr.At(9); got <= 0.25 {
			t.Errorf("%s: rate %v at the last step, want more than the minimum", name, got)
		}
	}
}

func TestRateFollowsClosedForm(t *testing.T) {
	const base, low, warmup, total = 2e-3, 1e-5, 100, 1100
	for _, step := range []int64{100, 350, 600, 777, 1099} {
		x := float64(step-warmup) / (total - warmup)
		linear := LR{Name: Linear, Base: base, Min: low, Warmup: warmup, Total: total}
		if got, want := linear.At(step), base*(1-x)+low*x; !near(got, want) {
			t.Errorf("linear at %d: %v, want %v", step, got, want)
		}
		cosine := LR{Name: Cosine, Base: base, Min: low, Warmup: warmup, Total: total}
		half := math.Cos(math.Pi * x / 2) // cos(x) = 2 cos(x/2)^2 - 1
		if got, want := cosine.At(step), low+(base-low)*half*half; !near(got, want) {
			t.Errorf("cosine at %d: %v, want %v", step, got, want)
		}
	}
}

func TestRampRisesToOneAndStays(t *testing.T) {
	tests := []struct {
		step, over int64
		want       float64
	}{
		{0, 10, 0}, {1, 10, 0.1}, {5, 10, 0.5}, {10, 10, 1}, {11, 10, 1},
		{0, 0, 1}, {7, 0, 1}, {0, -1, 1}, {-3, 10, 0},
	}
	for _, tt := range tests {
		if got := Ramp(tt.step, tt.over); got != tt.want {
			t.Errorf("Ramp(%d, %d) = %v, want %v", tt.step, tt.over, got, tt.want)
		}
	}
}

func TestSchedulesThatARunIsTooShortFor(t *testing.T) {
	for want, lr := range map[string]LR{
		"warmup_steps: 10 are not done in a run of 10 steps":         {Name: Cosine, Warmup: 10, Total: 10},
		"warmup_steps: 11 are not done":                              {Name: Constant, Warmup: 11, Total: 10},
		"decay_start: step 4 is in the warm-up, after whose 5 steps": {Name: Linear, Warmup: 5, DecayStart: 4, Total: 10},
		"decay_start: step 10 is not in a run of 10 steps":           {Name: Cosine, DecayStart: 0.999, Total: 10},
		"decay_start: step 20 is not in a run of 10 steps":           {Name: Cosine, DecayStart: 20, Total: 10},
	} {
		if got := lr.Doubt(); !strings.HasPrefix(got, want) {
			t.Errorf("%+v: %q, want %q", lr, got, want)
		}
	}
	for _, lr := range []LR{{Name: Constant, Total: 1}, {Name: Cosine, Warmup: 9, Total: 10}, {Name: Linear, Warmup: 3, DecayStart: 0.8, Total: 10}, {Name: Step, StepSize: 99, Total: 10}} {
		if got := lr.Doubt(); got != "" {
			t.Errorf("%+v: %q, want nothing", lr, got)
		}
	}
}
