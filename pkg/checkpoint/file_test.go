package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

func TestSaveAndLoadGiveTheSameFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "best_model.pt")
	want := sample()
	if err := Save(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want.Model.Ordered = true // as state dicts are in the file
	if !bytes.Equal(written(t, got.root()), written(t, want.root())) {
		t.Error("other content")
	}
	if got.Epoch != 3 || got.MetricValue != 0.25 || !got.Model.Ordered || got.Optimizer.Ordered {
		t.Errorf("%+v", got)
	}
	if !reflect.DeepEqual(got.Config, want.Config) {
		t.Errorf("config %v, want %v", got.Config, want.Config)
	}
}

func TestAFileHasExactlyTheSevenKeysInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pt")
	if err := Save(path, &File{Model: NewDict("w", ramp(2)), MetricValue: math.NaN()}); err != nil {
		t.Fatal(err)
	}
	root, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "[epoch model_state_dict optimizer_state_dict metric_value config random_state trainer_state]"
	if got := fmt.Sprint(root.(*Dict).Keys()); got != want {
		t.Errorf("keys %s", got)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("model_state_dictccollections\nOrderedDict\n)R")) {
		t.Error("model_state_dict is no OrderedDict")
	}
	if f, err := Load(path); err != nil || !math.IsNaN(f.MetricValue) || f.Config.Len() != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestSaveDoesNotChangeItsArgument(t *testing.T) {
	f := sample()
	if err := Save(filepath.Join(t.TempDir(), "a.pt"), f); err != nil {
		t.Fatal(err)
	}
	if f.Model.Ordered || !reflect.DeepEqual(f, sample()) {
		t.Error("the File was changed")
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	whole := written(t, sample().root())
	with := func(key string, v any) []byte {
		d := sample().root()
		d.Set(key, v)
		return written(t, d)
	}
	without := func(key string) []byte {
		d := NewDict()
		for k, v := range sample().root().All() {
			if k != key {
				d.Set(k, v)
			}
		}
		return written(t, d)
	}
	cases := []struct {
		name string
		file []byte
		want string
	}{
		{"truncated", whole[:len(whole)/2], "truncated: the directory at the end of the file is missing, it was cut or is still being written"},
		{"not a checkpoint", []byte("epoch: 3\nmodel: none\n"), `not a torch checkpoint: it begins with "epoch: 3`},
		{"empty", nil, "empty file"},
		{"bare tensor", written(t, ramp(2)), "holds a tensor, expected a dict; a training checkpoint is"},
		{"list", written(t, []any{}), "holds a list, expected a dict"},
		{"bare state dict", written(t, sample().Model), "holds a bare state dict, expected a training checkpoint"},
		{"no epoch", without(keyEpoch), `key "epoch" is missing; a training checkpoint is a dict with epoch,`},
		{"no model", without(keyModel), `key "model_state_dict" is missing`},
		{"no optimizer", without(keyOptimizer), `key "optimizer_state_dict" is missing`},
		{"no metric", without(keyMetric), `key "metric_value" is missing`},
		{"no config", without(keyConfig), `key "config" is missing`},
		{"no random state", without(keyRandom), `key "random_state" is missing`},
		{"epoch of another type", with(keyEpoch, "three"), `key "epoch" holds a string, expected an int`},
		{"negative epoch", with(keyEpoch, -1), "epoch is -1, expected 0 or more"},
		{"metric of another type", with(keyMetric, ramp(1)), `key "metric_value" holds a tensor, expected a float`},
		{"model of another type", with(keyModel, []any{}), `key "model_state_dict" holds a list, expected a dict`},
		{"model with a number", with(keyModel, NewDict("w", 3)), `model_state_dict has an int under the key "w", expected tensors under names`},
		{"model with a numbered tensor", with(keyModel, NewDict(7, ramp(1))), "model_state_dict has a tensor under the key 7"},
		{"trainer state of another type", with(keyTrainer, nil), `key "trainer_state" holds None, expected a dict`},
	}
	dir := t.TempDir()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "_")+".pt")
			if err := os.WriteFile(path, c.file, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			wantUserError(t, err, path+": "+c.want)
		})
	}
	for name, file := range map[string][]byte{"six.pt": without(keyTrainer), "int.pt": with(keyMetric, 0), "more.pt": with("note", "mine")} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		if f, err := Load(path); err != nil || f.Epoch != 3 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadOfWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(filepath.Join(dir, "gone.pt"))
	wantUserError(t, err, "gone.pt: no such file or directory")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("not fs.ErrNotExist")
	}
	_, err = Load(dir)
	wantUserError(t, err, dir+": not a regular file")
}

func TestAFileThatShrinksWhileItIsReadIsAnError(t *testing.T) {
	good := written(t, sample().root())
	_, err := Read(bytes.NewReader(good[:100]), int64(len(good)))
	wantUserError(t, err, "became shorter while it was read")
}

func TestAWrongSaveLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.pt")
	if err := Save(path, sample()); err != nil {
		t.Fatal(err)
	}
	broken := sample()
	broken.Config = NewDict("f", func() {})
	if err := Save(path, broken); err == nil || !strings.Contains(err.Error(), "config.f") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
}

// The file would be larger than the disk: one block of zeros that no one touches,
// under as many tensors as it takes, each with its own end.
func TestSaveChecksTheSpaceFirst(t *testing.T) {
	dir := t.TempDir()
	free, err := atomicfile.Free(dir)
	if err != nil {
		t.Fatal(err)
	}
	block, model := make([]byte, 1<<30), NewDict()
	for i, total := 0, int64(0); total <= free; i++ {
		n := len(block) - i
		total += int64(n)
		model.Set(fmt.Sprint(i), &Tensor{DType: Uint8, Shape: []int64{int64(n)}, Data: block[:n]})
	}
	path := filepath.Join(dir, "a.pt")
	err = Save(path, &File{Model: model})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "write "+path+": needs ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestTensorsKeepShapeAndData(t *testing.T) {
	for _, shape := range [][]int64{{}, {0}, {1}, {3, 2}, {2, 0, 3}, {1, 1, 1, 1}, {2, 3, 4, 5, 6}} {
		v, err := readBytes(written(t, []any{ramp(shape...)}))
		if err != nil {
			t.Fatal(err)
		}
		got := v.([]any)[0].(*Tensor)
		if !slices.Equal(got.Shape, shape) || !bytes.Equal(got.Data, ramp(shape...).Data) {
			t.Errorf("%v came back as %v", shape, got.Shape)
		}
	}
}

// A writer on the way sees every byte of the file, in order.
func TestSaveThroughAWriterThatCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "best_model.pt")
	var seen bytes.Buffer
	if err := SaveThrough(path, sample(), func(w io.Writer) io.Writer { return io.MultiWriter(w, &seen) }); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, seen.Bytes()) {
		t.Errorf("err %v; the writer saw %d bytes, the file has %d", err, seen.Len(), len(data))
	}
}
