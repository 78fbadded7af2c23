package config

import "strings"

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

// nearest is the candidate that word was most likely meant to be; "" where none is
// near. The first of equally near ones wins.
func nearest(word string, candidates []string) string {
	plain := plainWord(word)
	for _, c := range candidates {
		if plainWord(c) == plain || otherWords[plain] == c {
			return c
		}
	}
	best, bestDistance := "", tolerance(plain)+1
	for _, c := range candidates {
		if d := distance(plain, plainWord(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	if best != "" {
		return best
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

// tolerance is how many typing mistakes a word of this length may have.
func tolerance(word string) int {
	switch n := len(word); {
	case n <= 2:
		return 0
	case n <= 4:
		return 1
	case n <= 8:
		return 2
	}
	return 3
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that
// turn a into b. Long words are cut: only near ones matter.
func distance(a, b string) int {
	x, y := []rune(shorten(a, 64)), []rune(shorten(b, 64))
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
