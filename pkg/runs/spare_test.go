package runs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

func TestSpareEpochsAreNeitherBestNorLast(t *testing.T) {
	for name, c := range map[string]struct {
		saves [][]string // names that share a file, of epoch 1, 2, …
		want  string
	}{
		"all":               {[][]string{{"epoch_001.pt"}, {checkpoint.BestName, "epoch_002.pt"}, {checkpoint.LastName, "epoch_003.pt"}}, "epoch_001.pt"},
		"best was removed":  {[][]string{{"epoch_001.pt"}, {"epoch_002.pt"}, {checkpoint.LastName, "epoch_003.pt"}}, "epoch_001.pt"},
		"both were removed": {[][]string{{"epoch_001.pt"}, {"epoch_002.pt"}, {"epoch_003.pt"}}, "epoch_001.pt"},
		"only one":          {[][]string{{"epoch_001.pt"}}, ""},
		"none":              {[][]string{{checkpoint.BestName, checkpoint.LastName}}, ""},
	} {
		dir := filepath.Join(t.TempDir(), "a")
		for i, names := range c.saves {
			f := &checkpoint.File{Epoch: int64(i + 1)}
			if err := (checkpoint.Store{Dir: filepath.Join(dir, "checkpoints")}).Save(f, names); err != nil {
				t.Fatal(err)
			}
		}
		put(t, filepath.Join(dir, "logs", "metrics.jsonl"), epochLine(1, "3", "3")+epochLine(2, "2", "2")+epochLine(3, "4", "4"))
		var got []string
		for _, f := range read(t, dir)[0].Spare() {
			got = append(got, filepath.Base(f.Path))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q can go, want %q", name, got, c.want)
		}
	}
}

// Where nobody knows which epoch was best, none goes.
func TestNoEpochIsSpareWhereTheBestIsNotKnown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	save(t, dir, "epoch_001.pt", 1, 1)
	save(t, dir, "epoch_002.pt", 2, 2)
	if got := read(t, dir)[0].Spare(); len(got) != 0 {
		t.Errorf("%v can go", got)
	}
}
