package safetensors

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// A small file that claims a terabyte fails before memory is taken for it.
func TestSmallFilesThatClaimMuchTakeLittleMemory(t *testing.T) {
	one := func(shape, offsets string) []byte {
		return pack(`{"a":{"dtype":"F32","shape":`+shape+`,"data_offsets":`+offsets+`}}`, make([]byte, 64)...)
	}
	for name, file := range map[string][]byte{
		"header of a terabyte": append(binary.LittleEndian.AppendUint64(nil, 1<<40), "{}"...),
		"header of 99 MB":      append(binary.LittleEndian.AppendUint64(nil, 99_000_000), "{}"...),
		"header of 2^64-1":     append(binary.LittleEndian.AppendUint64(nil, 1<<64-1), "{}"...),
		"offsets":              one("[274877906944]", "[0,1099511627776]"),
		"shape":                one("[274877906944]", "[0,64]"),
		"overflow":             one("[4294967296,4294967296,4]", "[0,64]"),
		"dimensions":           one("["+strings.Repeat("1,", 300)+"1]", "[0,4]"),
		"nesting":              pack(`{"a":` + strings.Repeat("[", 800)),
	} {
		var err error
		used := bounded.Memory(func() { _, err = read(file) })
		if err == nil || len(file) > 1024 {
			t.Errorf("%s: error %v, file of %d bytes", name, err, len(file))
		}
		if used > 64<<10 {
			t.Errorf("%s: %d bytes of memory were taken", name, used)
		}
	}
}
