package checkpoint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFilesOfEachStrategy(t *testing.T) {
	cases := []struct {
		s      Strategy
		epoch  int
		isBest bool
		want   string
	}{
		{Best, 3, true, "best_model.pt"},
		{Best, 3, false, ""},
		{"", 3, true, "best_model.pt"},
		{Last, 3, true, "last_model.pt"},
		{Last, 3, false, "last_model.pt"},
		{All, 3, true, "best_model.pt last_model.pt epoch_003.pt"},
		{All, 3, false, "last_model.pt epoch_003.pt"},
		{All, 1000, false, "last_model.pt epoch_1000.pt"},
	}
	for _, c := range cases {
		if got := strings.Join(Files(c.s, c.epoch, c.isBest), " "); got != c.want {
			t.Errorf("%q epoch %d best %v: %q, want %q", c.s, c.epoch, c.isBest, got, c.want)
		}
	}
}

func TestAnUnknownStrategyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Files("newest", 1, true)
}

// run saves three epochs of which the second is best.
func run(t *testing.T, s Strategy) Store {
	t.Helper()
	store := Store{Dir: filepath.Join(t.TempDir(), "checkpoints")}
	for epoch := 1; epoch <= 3; epoch++ {
		f := sample()
		f.Epoch = int64(epoch)
		if err := store.Save(f, Files(s, epoch, epoch <= 2)); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func TestTheFolderAfterEachStrategy(t *testing.T) {
	cases := map[Strategy]map[string]int64{
		Best: {"best_model.pt": 2},
		Last: {"last_model.pt": 3},
		All:  {"best_model.pt": 2, "last_model.pt": 3, "epoch_001.pt": 1, "epoch_002.pt": 2, "epoch_003.pt": 3},
	}
	for s, want := range cases {
		store := run(t, s)
		entries, err := os.ReadDir(store.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != len(want) {
			t.Errorf("%s: the folder holds %v", s, entries)
		}
		for name, epoch := range want {
			f, err := Load(filepath.Join(store.Dir, name))
			if err != nil || f.Epoch != epoch {
				t.Errorf("%s: %s: %v, want epoch %d", s, name, err, epoch)
			}
		}
	}
}

// One epoch under three names takes the disk once; the next epoch leaves what is
// under the other names as it was.
func TestNamesOfOneEpochAreHardLinks(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	f := sample()
	f.Epoch = 1
	if err := store.Save(f, Files(All, 1, true)); err != nil {
		t.Fatal(err)
	}
	stat := func(name string) os.FileInfo {
		info, err := os.Stat(filepath.Join(store.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	if !os.SameFile(stat(BestName), stat(LastName)) || !os.SameFile(stat(BestName), stat(EpochName(1))) {
		t.Error("the names are not one file")
	}
	before, err := os.ReadFile(filepath.Join(store.Dir, BestName))
	if err != nil {
		t.Fatal(err)
	}
	f.Epoch = 2
	for range 2 { // saving an epoch again is fine
		if err := store.Save(f, Files(All, 2, false)); err != nil {
			t.Fatal(err)
		}
	}
	after, err := os.ReadFile(filepath.Join(store.Dir, BestName))
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("best changed with last, %v", err)
	}
	if !os.SameFile(stat(BestName), stat(EpochName(1))) || os.SameFile(stat(BestName), stat(LastName)) {
		t.Error("best and epoch 1 are one file, best and last are two")
	}
}

func TestStoreLists(t *testing.T) {
	store := run(t, All)
	for _, name := range []string{"epoch_1000.pt", "epoch_20.pt", "mine.pt", ".mine.pt.tmp-1-00000000", ".hidden.pt", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(store.Dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.List()
	want := "best_model.pt last_model.pt epoch_001.pt epoch_002.pt epoch_003.pt epoch_1000.pt epoch_20.pt mine.pt"
	if err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = Store{Dir: filepath.Join(store.Dir, "gone")}.List()
	wantUserError(t, err, "gone: no such folder")
}

func TestResolve(t *testing.T) {
	all, best, last, empty := run(t, All).Dir, run(t, Best).Dir, run(t, Last).Dir, t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "mine.pt")
	if err := Save(elsewhere, sample()); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ dir, which, path, notice, err string }{
		{all, "best", filepath.Join(all, BestName), "", ""},
		{all, "last", filepath.Join(all, LastName), "", ""},
		{all, "epoch_002", filepath.Join(all, "epoch_002.pt"), "", ""},
		{all, "epoch_002.pt", filepath.Join(all, "epoch_002.pt"), "", ""},
		{all, "best_model.pt", filepath.Join(all, BestName), "", ""},
		{all, elsewhere, elsewhere, "", ""},
		{filepath.Join(all, "gone"), elsewhere, elsewhere, "", ""},
		{best, "last", filepath.Join(best, BestName), "checkpoint last: " + best + " has no last_model.pt; using best_model.pt", ""},
		{last, "best", filepath.Join(last, LastName), "checkpoint best: " + last + " has no best_model.pt; using last_model.pt", ""},
		{all, "epoch_007", "", "", all + ": no epoch_007.pt; there is best_model.pt, last_model.pt, epoch_001.pt, epoch_002.pt, epoch_003.pt"},
		{best, "bset", "", "", `checkpoint "bset", expected best, last, epoch_NNN or a path; there is best_model.pt`},
		{best, "gone/a.pt", "", "", "checkpoint gone/a.pt is no file"},
		{empty, "best", "", "", empty + ": no best_model.pt; the folder has no checkpoints"},
		{filepath.Join(empty, "gone"), "best", "", "", "gone: no such folder"},
	}
	for _, c := range cases {
		path, notice, err := Resolve(c.dir, c.which)
		if path != c.path || notice != c.notice {
			t.Errorf("%s: path %q, notice %q", c.which, path, notice)
		}
		if c.err != "" {
			wantUserError(t, err, c.err)
		} else if err != nil {
			t.Errorf("%s: %v", c.which, err)
		}
	}
}

func TestResolveListsNoMoreThanFitsASentence(t *testing.T) {
	dir := t.TempDir()
	for epoch := range 40 {
		if err := os.WriteFile(filepath.Join(dir, EpochName(epoch+1)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := Resolve(dir, "best")
	wantUserError(t, err, "epoch_012.pt and 28 more")
}
