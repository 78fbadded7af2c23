package train_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/npy"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

const samples = 41

// sampleShape has a size that is no multiple of a vector register's.
var sampleShape = []int64{3, 5}

// arrayOf writes samples of a type; the first ones are zero.
func arrayOf(t *testing.T, dtype string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), dtype+".npy")
	w, err := npy.Create(path, dtype, append([]int64{samples}, sampleShape...))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	r := rand.New(rand.NewPCG(1, 2))
	size := int(npy.Header{DType: dtype}.ItemSize())
	raw := make([]byte, samples*15*size)
	values := make([]float32, samples*15)
	for i := range values {
		values[i] = float32(r.NormFloat64() * 3)
		raw[i] = byte(r.UintN(256))
	}
	clear(values[:15])
	clear(raw[:15])
	if dtype == "u1" {
		_, err = w.Write(raw)
	} else {
		err = w.WriteFloat32s(values)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestABatchOfAResidentSplitIsTheOneThatIsReadBitByBit(t *testing.T) {
	for _, dtype := range []string{"u1", "f4", "f2", "f8"} {
		for _, normalize := range []string{"none", "minmax", "standard", "unit_norm", "mean_center"} {
			t.Run(dtype+" "+normalize, func(t *testing.T) {
				data, err := dataset.Open(dataset.Spec{Source: "npy", Path: arrayOf(t, dtype), Normalize: normalize, Seed: 4})
				if err != nil {
					t.Fatal(err)
				}
				defer data.Close()
				_, _, bytes := data.Train.Affine()
				if want := dtype == "u1" && normalize != "unit_norm"; bytes != want {
					t.Errorf("stays bytes: %v, want %v", bytes, want)
				}
				checkResident(t, data.Train, model.Inputs{Shape: data.Shape})
			})
		}
	}
}

func checkResident(t *testing.T, s *dataset.Split, in model.Inputs) {
	t.Helper()
	torchtest.Run(t, func() error {
		table, err := train.MakeResident(s, in, torch.CPU)
		if err != nil {
			return err
		}
		defer table.Close()
		rows := []int{7, 0, 31, 7, 2, 16, 5}
		index := make([]int64, len(rows))
		for i, r := range rows {
			index[i] = int64(r)
		}
		want := make([]float32, len(rows)*15)
		if err := s.Read(want, rows); err != nil {
			return err
		}
		got := table.Gather(torch.FromInt64s(index, []int64{int64(len(rows))})).X
		if fmt.Sprint(got.Shape()) != "[7 3 5]" {
			t.Errorf("shape %v", got.Shape())
		}
		for i, v := range got.Float32s() {
			if math.Float32bits(v) != math.Float32bits(want[i]) {
				t.Fatalf("row %d, element %d: resident %v, read %v", rows[i/15], i%15, v, want[i])
			}
		}
		return nil
	})
}

// A run on resident splits has the losses and weights of one that reads its batches.
func TestARunOnResidentDataIsTheSameRun(t *testing.T) {
	torchtest.Run(t, func() error {
		read, resident := &journal{}, &journal{}
		var tables []*train.Resident
		defer func() {
			for _, table := range tables {
				table.Close()
			}
		}()
		if _, err := fit(context.Background(), config(), read, nil); err != nil {
			return err
		}
		_, err := fit(context.Background(), config(), resident, func(p *train.Parts) {
			for _, one := range []struct {
				split train.Split
				to    **train.Resident
			}{{p.Train, &p.Resident.Train}, {p.Val, &p.Resident.Val}} {
				table, err := train.MakeResident(one.split, p.Inputs, torch.CPU)
				if err != nil {
					t.Fatal(err)
				}
				*one.to = table
				tables = append(tables, table)
			}
		})
		if err != nil {
			return err
		}
		same(t, read, resident)
		return nil
	})
}
