package main

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"strings"
)

// told are the metrics that a result names, in this order, each where the model has it, and
// what it goes with.
var told = []struct {
	metric, format string
	scale          float64
	with, without  string // other metrics; "" = any
}{
	{"accuracy", "accuracy %.3f", 1, "", ""},
	{"r2", "R² %.3f", 1, "", ""},
	{"recovered", "%.1f %% of the true directions recovered", 100, "", ""},
	{"l0", "L0 %.2f", 1, "", ""},
	{"fvu", "FVU %.3f", 1, "l0", ""},
	{"dead", "%.1f %% of the latents dead", 100, "", ""},
	{"recon", "reconstruction %.1f nats", 1, "nll", ""},
	{"recon", "reconstruction %.1f nats", 1, "code_usage", ""},
	{"kl", "KL %.1f nats", 1, "", ""},
	{"nll", "NLL %.1f nats", 1, "", ""},
	{"ms_ssim", "MS-SSIM %.2f", 1, "", "nll"},
	{"psnr", "PSNR %.1f dB", 1, "", "l0"},
	{"code_usage", "%.0f %% of the codes in use", 100, "", ""},
	{"mig", "MIG %.2f", 1, "", ""},
	{"mig/x", "of x %.2f", 1, "", ""},
	{"mig/y", "of y %.2f", 1, "", ""},
	{"mig/scale", "of scale %.2f", 1, "", ""},
}

// text is the result as a phrase.
func (r result) text() string {
	var parts []string
	for _, t := range told {
		v, ok := r.Metrics[t.metric]
		_, with := r.Metrics[t.with]
		_, without := r.Metrics[t.without]
		if !ok || t.with != "" && !with || without {
			continue
		}
		parts = append(parts, fmt.Sprintf(t.format, cmp.Or(v, 0)*t.scale)) // no -0
	}
	return strings.Join(parts, ", ")
}

// aims are the bounds of what configs have to reach, by the pattern of their names.
var aims = []struct {
	names, metric string
	low, high     float64
}{
	{"sae_*", "recovered", 0.9, 1},
	{"sae_*", "l0", 4, 6}, // of the data: 5
	{"vae_beta_tc", "mig", 0.3, 1},
	{"vae_beta", "mig/x", 0.3, 1}, // one latent tells the place from left to right, and no other does
	{"vae_beta", "mig/y", 0.3, 1},
}

// misses are the aims that the config's result does not reach.
func (r result) misses(name string) (missed []string) {
	for _, a := range aims {
		if ok, err := path.Match(a.names, name); err != nil || !ok {
			continue
		}
		if v, ok := r.Metrics[a.metric]; !ok || math.IsNaN(v) || v < a.low || v > a.high {
			missed = append(missed, fmt.Sprintf("%s %.3g, wanted %g to %g", a.metric, v, a.low, a.high))
		}
	}
	return missed
}
