package nearest

import "testing"

func TestDistanceCountsTypingMistakes(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"beta", "beta", 0},
		{"kitten", "sitting", 3}, {"baseline", "baselin", 1}, {"lantent", "latent", 1},
		{"abc", "acb", 1}, {"größe", "grösse", 2},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestTheNearestNameIsFoundAndAFarOneIsNot(t *testing.T) {
	names := []string{"latent_dim", "hidden_dims", "beta", "k"}
	for want, name := range map[string]string{
		"latent_dims": "latent_dim", "Beta": "beta", "bata": "beta", "latnet_dim": "latent_dim", "dropout": "", "bt": "", "q": "k",
	} {
		if got := Name(want, names); got != name {
			t.Errorf("Name(%q) = %q, want %q", want, got, name)
		}
	}
	if got := Name("run3", []string{"run1", "run2"}); got != "run1" {
		t.Errorf("of equally near names %q came, want the first", got)
	}
}
