package export

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// FuzzReadSAE: no folder makes the reader panic or take much memory; what it accepts has
// arrays of the shapes that it says.
func FuzzReadSAE(f *testing.F) {
	places := [][2]string{{saelensConfig, saelensWeights}, {sparsifyConfig, sparsifyWeights}, {dictionaryConfig, dictionaryWeights}}
	for i, layout := range []string{"saelens", "sparsify", "dictionary_learning"} {
		for _, s := range append(every(), transcoders()...) {
			files, _, err := Of(layout, s.copy(), nil)
			if err != nil {
				continue
			}
			var config, weights bytes.Buffer
			if files[0].Write(&config) != nil || files[1].Write(&weights) != nil {
				f.Fatal(layout)
			}
			f.Add(uint8(i), config.Bytes(), weights.Bytes())
		}
	}
	f.Fuzz(func(t *testing.T, layout uint8, config, weights []byte) {
		dir := t.TempDir()
		for i, content := range [][]byte{config, weights} {
			if err := os.WriteFile(filepath.Join(dir, places[int(layout)%len(places)][i]), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var in *Imported
		var err error
		bounded.Run(t, func() { in, err = ReadSAE(dir) })
		if err != nil {
			user, ok := err.(interface{ UserError() bool })
			if !ok || !user.UserError() || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("no sentence for the user: %q", err)
			}
			return
		}
		if err := in.SAE.check(); err != nil {
			t.Error(err)
		}
		in.SAE.State()
		in.SAE.Model()
	})
}
