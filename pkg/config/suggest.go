package config

import (
	"strings"

	"github.com/gotrainer/trainer/pkg/nearest"
)

// otherWords maps the words of other tools to ours.
var otherWords = map[string]string{
	"learning_rate":           "lr",
	"num_epochs":              "epochs",
	"n_epochs":                "epochs",
	"max_epochs":              "epochs",
	"num_steps":               "steps",
	"max_steps":               "steps",
	"optim":                   "optimizer",
	"lr_scheduler":            "scheduler",
	"gradient_clip_val":       "grad_clip",
	"gradient_clipping":       "grad_clip",
	"clip_grad_norm":          "grad_clip",
	"accumulate_grad_batches": "accumulate",
	"gradient_accumulation":   "accumulate",
	"num_threads":             "threads",
	"z_dim":                   "latent_dim",
	"latent_size":             "latent_dim",
	"dict_size":               "d_sae",
	"random_seed":             "seed",
	"bs":                      "batch_size",
	"filename":                "path",
	"file":                    "path",
	"architecture":            "type",
	"float32":                 "fp32",
	"float16":                 "fp16",
	"half":                    "fp16",
	"bfloat16":                "bf16",
	"uri":                     "tracking_uri",
	"gpu":                     "cuda",
}

// likely is the candidate that word was most likely meant to be; "" where none is
// near. The first of equally near ones wins.
func likely(word string, candidates []string) string {
	plain := plainWord(word)
	for _, c := range candidates {
		if plainWord(c) == plain || otherWords[plain] == c {
			return c
		}
	}
	if near := nearest.Name(plain, candidates); near != "" {
		return near
	}
	for _, c := range candidates {
		if len(plain) >= 4 && (strings.HasPrefix(c, plain) || len(c) >= 3 && strings.HasPrefix(plain, c)) {
			return c
		}
	}
	return ""
}

func plainWord(s string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "-", "_")
}
