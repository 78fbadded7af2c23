package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"strings"
	"testing"
)

// A pickle for the tests is put together from these.

func str(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func num(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func storageRef(class, key string, numel int64) string {
	return "(" + str("storage") + "ctorch\n" + class + "\n" + str(key) + str("cpu") + num(numel) + "tQ"
}

// tensorOf is a tensor on storage 0 with 3 float32.
func tensorOf(offset, size, stride int64) string {
	return rebuild(storageRef("FloatStorage", "0", 3), offset, size, stride)
}

func rebuild(storage string, offset, size, stride int64) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + num(offset) +
		num(size) + "\x85" + num(stride) + "\x85" + "\x89" + "ccollections\nOrderedDict\n)R" + "tR"
}

const (
	huge         = int64(1) << 62
	emptyOrdered = "ccollections\nOrderedDict\n)R"
)

// hostilePickles are what follows the protocol and comes before STOP.
var hostilePickles = []struct{ name, pickle, want string }{
	{"os.system", "cos\nsystem\n" + str("id") + "\x85R", `the Python object "os.system", which is not allowed`},
	{"posix.system by protocol 4", str("posix") + str("system") + "\x93" + str("id") + "\x85R", `"posix.system"`},
	{"eval", "c__builtin__\neval\n" + str("1") + "\x85R", `"__builtin__.eval"`},
	{"getattr", "cbuiltins\ngetattr\n", `"builtins.getattr"`},
	{"numpy", "cnumpy._core.multiarray\n_reconstruct\n", "numpy values do not load safely"},
	{"whole module", "ctorch.nn.modules.linear\nLinear\n)\x81}b", `"torch.nn.modules.linear.Linear", which is not allowed; save only`},
	{"complex tensors", storageRef("ComplexFloatStorage", "0", 3), `"torch.ComplexFloatStorage" is a type that is not supported`},
	{"new object", "ccollections\nOrderedDict\n)\x81", "the opcode NEWOBJ is not allowed"},
	{"instance", "(icollections\nOrderedDict\n", "the opcode INST is not allowed"},
	{"protocol 5 buffer", "\x97", "the opcode NEXT_BUFFER is not allowed"},
	{"long integer of protocol 2", "\x8b\xff\xff\xff\x7f", "the opcode LONG4 is not allowed"},
	{"new object with keywords", "ccollections\nOrderedDict\n)}\x92", "the opcode NEWOBJ_EX is not allowed"},
	{"bytes beyond the end", "B\xff\xff\xff\xffab", "needs 4294967295 bytes"},
	{"long bytes beyond the end", "\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "needs 18446744073709551615 bytes"},
	{"bytearray beyond the end", "\x96\x00\x00\x00\x00\x00\x01\x00\x00", "needs 1099511627776 bytes"},
	{"bytes by another codec", "c_codecs\nencode\n" + str("a") + str("rot13") + "\x86R", "bytes that are not spelled as pickle does"},
	{"bytes of wide characters", "c_codecs\nencode\n" + str("€") + str("latin1") + "\x86R", "bytes with the character"},
	{"decode", "c_codecs\ndecode\n", `"_codecs.decode"`},
	{"set of a dict", "c__builtin__\nset\n}\x85R", "a set that is not made of one list"},
	{"items for a list", "](N\x90", "it appends to a list"},
	{"append to a set", "\x8fNa", "it appends to a set"},
	{"set in itself", "\x8fq\x00(h\x00\x90", "a set that contains itself"},
	{"bytes as a key", "}C\x01aNs", "a dict has bytes as a key"},
	{"complex number", "c__builtin__\ncomplex\n", `"__builtin__.complex", which is not allowed`},
	{"quantized tensor", "ctorch._utils\n_rebuild_qtensor\n", `"torch._utils._rebuild_qtensor"`},
	{"path", "cpathlib\nPosixPath\n", `"pathlib.PosixPath"`},
	{"lambda of hyperparameters", "c__main__\n<lambda>\n", `"__main__.<lambda>"`},
	{"unknown opcode", "\xff", "the opcode 0xff is not allowed"},
	{"pop", "N0N", "the opcode POP is not allowed"},
	{"call of a value", str("x") + ")R", "it calls a string"},
	{"call of a storage class", "ctorch\nFloatStorage\n)R", "it calls the Python object"},
	{"class as a value", "ccollections\nOrderedDict\n", "it holds the Python object"},
	{"storage as a value", storageRef("FloatStorage", "0", 3), "it holds a bare storage"},

	{"a million marks", strings.Repeat("(", 1_000_000), "nested more than 200 deep"},
	{"deep lists", strings.Repeat("]", 1000) + strings.Repeat("a", 999), "nested more than 200 deep"},
	{"deep tuples", strings.Repeat(")"+strings.Repeat("\x85", 1000), 1), "nested more than 200 deep"},
	{"missing memo", "h\x07", "memo entry 7 is read but never written"},
	{"huge memo index", "Nr\xff\xff\xff\xff", "memo entry 4294967295"},
	{"list in itself", "]q\x00h\x00a", "a list that contains itself"},
	{"dict in itself", "}q\x00" + str("a") + "h\x00s", "a dict that contains itself"},
	{"tuple in itself", "]q\x00h\x00\x85a", "contains itself"},
	{"a billion laughs", laughs(30), "shared so often"},

	{"stack underflow", "\x87", "it takes a value that is not there"},
	{"append without a list", "NNa", "it appends to None"},
	{"append below a mark", "](Na", "it takes a value that is not there"},
	{"set on a list", "]NNs", "it sets a key of a list"},
	{"set on a tensor", tensorOf(0, 3, 1) + str("a") + "Ns", "it sets a key of a tensor"},
	{"key without a value", "}(Nu", "it sets a key without a value"},
	{"float key", "}G\x00\x00\x00\x00\x00\x00\x00\x00Ns", "a dict has a float as a key"},
	{"items without a mark", "]e", "a mark that is not there"},
	{"two values", "NN", "it ends with 2 values"},
	{"text beyond the end", "X\xff\xff\xff\xffabc", "needs 4294967295 bytes"},
	{"long text of protocol 4", "\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "needs 18446744073709551615 bytes"},
	{"frame beyond the end", "\x95\xff\xff\xff\xff\xff\xff\xff\xff", "a frame of"},
	{"not UTF-8", "X\x01\x00\x00\x00\xff", "not UTF-8"},
	{"endless name", "c" + strings.Repeat("a", 1000), "a name does not end"},
	{"long integer cut", "\x8a\xff123", "needs 255 bytes"},
	{"protocol again", "\x80\x02", "expected 2 to 5, once"},

	{"storage key with a path", storageRef("FloatStorage", "../0", 3), `storage key "../0"`},
	{"storage that is not there", storageRef("FloatStorage", "7", 3), "the data of tensor storage 7 is missing"},
	{"storage too large", storageRef("FloatStorage", "0", 4), "tensor storage 0 has 12 bytes, expected 16"},
	{"storage too small", storageRef("FloatStorage", "0", 2), "tensor storage 0 has 12 bytes, expected 8"},
	{"storage of 2^62", storageRef("DoubleStorage", "0", huge), "storage 0 of 4611686018427387904 elements"},
	{"storage of negative size", storageRef("FloatStorage", "0", -3), "storage 0 of -3 elements"},
	{"one storage, two types", storageRef("FloatStorage", "0", 3) + storageRef("IntStorage", "0", 3), "is used as 3 × float32 and as 3 × int32"},
	{"reference that is no storage", "NQ", "a reference that is not a torch storage"},
	{"shape beyond the storage", tensorOf(0, 4, 1), "does not fit its storage of 3 elements"},
	{"offset beyond the storage", tensorOf(3, 1, 1), "does not fit"},
	{"stride beyond the storage", tensorOf(0, 2, 3), "does not fit"},
	{"negative offset", tensorOf(-1, 1, 1), "does not fit"},
	{"negative stride", tensorOf(2, 2, -1), "does not fit"},
	{"negative size", tensorOf(0, -1, 1), "does not fit"},
	{"size × stride overflows", tensorOf(0, huge, huge), "does not fit"},
	{"offset + stride overflows", tensorOf(3, 2, math.MaxInt64), "does not fit"},
	{"stride 0 to a terabyte", tensorOf(0, 1<<40, 0), "expand its storage of 3 elements beyond all measure"},
	{"stride 0 to 2^62", tensorOf(0, huge, 0), "beyond all measure"},
	{"tensor without a storage", "ctorch._utils\n_rebuild_tensor_v2\n(NNNNNNtR", "a tensor made of None"},
	{"tensor of two parts", "ctorch._utils\n_rebuild_tensor_v2\nNN\x86R", "a tensor of 2 parts"},
	{"parameter without a tensor", "ctorch._utils\n_rebuild_parameter\nNNN\x87R", "a parameter without its tensor"},

	{"odd attribute", emptyOrdered + "}" + str("__class__") + "Nsb", `it sets the attribute "__class__"`},
	{"state of a dict", "}}b", "it sets the state of a dict"},
	{"state of a tensor", tensorOf(0, 3, 1) + "}b", "it sets the state of a tensor"},
	{"arguments of OrderedDict", "ccollections\nOrderedDict\n]\x85R", "OrderedDict with 1 arguments"},
}

func TestHostilePickles(t *testing.T) {
	for _, c := range hostilePickles {
		t.Run(c.name, func(t *testing.T) {
			_, err := readBytes(packed(t, []byte("\x80\x02"+c.pickle+"."), ramp(3).Data))
			wantUserError(t, err, c.want)
		})
	}
}

// laughs is a list of two times the same list, n deep: small here, 2^n when walked.
func laughs(n int) string {
	s := "]q\x00"
	for i := range n {
		s += fmt.Sprintf("](h%[1]ch%[1]ceq%[2]c", rune(i), rune(i+1))
	}
	return "(" + s + "t"
}

func TestHarmlessPicklesOfOtherWriters(t *testing.T) {
	long := bytes.Repeat([]byte{1}, 255)
	cases := []struct{ name, pickle, want string }{
		{"long integer of 255 bytes", "\x8a\xff" + string(long), new(big.Int).SetBytes(long).String()},
		{"integer without bytes", "\x8a\x00", "0"},
		{"shared list", "]q\x00K\x01ah\x00\x86", "[[1] [1]]"},
		{"list that grows after it was shared", "]q\x00h\x00\x86h\x00K\x01a\x86", "[[[1] [1]] [1]]"},
		{"protocol 4", "\x95\x04\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94", "a"},
		{"metadata", "ccollections\nOrderedDict\n)R}" + str("_metadata") + "}sb", "&{true [] [] map[]}"},
		{"empty tensor beyond its storage", tensorOf(9, 0, 1) + "q\x00h\x00\x86", ""},
	}
	for _, c := range cases {
		v, err := readBytes(packed(t, []byte("\x80\x02"+c.pickle+"."), ramp(3).Data))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if c.want != "" && fmt.Sprint(v) != c.want {
			t.Errorf("%s: %v, want %s", c.name, v, c.want)
		}
	}
}

// Depth counts through what is shared: chains of allowed depth cannot be linked.
func TestSharedChainsDoNotAddUpToMoreThanTheDepth(t *testing.T) {
	chain := strings.Repeat("]", 150) + strings.Repeat("a", 149)
	pickle := "\x80\x02" + chain + "q\x00" + strings.Repeat("]", 149) + "h\x00" + strings.Repeat("a", 149) + "\x86."
	_, err := readBytes(packed(t, []byte(pickle)))
	wantUserError(t, err, "nested more than 200 deep")
}

// A small file that claims a terabyte fails before memory is taken for it.
func TestSmallFilesThatClaimMuchTakeLittleMemory(t *testing.T) {
	good := packed(t, []byte("\x80\x02"+tensorOf(0, 3, 1)+"."), ramp(3).Data)
	tera := le.AppendUint64(nil, 1<<40)
	c, d := centralOf(t, good, "x/data/0"), dir2(good)
	files := map[string][]byte{
		"storage of 2^38 floats":   packed(t, []byte("\x80\x02"+storageRef("FloatStorage", "0", 1<<38)+"."), ramp(3).Data),
		"stride 0":                 packed(t, []byte("\x80\x02"+tensorOf(0, 1<<38, 0)+"."), ramp(3).Data),
		"record size":              patched(good, c+20, 0xfe, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff),
		"directory size":           patched(patched(good, d+40, tera...), -10, 0xff, 0xff, 0xff, 0xff),
		"directory offset":         patched(patched(good, d+48, tera...), -6, 0xff, 0xff, 0xff, 0xff),
		"records in the directory": patched(patched(patched(good, d+24, tera...), d+32, tera...), -14, 0xff, 0xff, 0xff, 0xff),
		"text":                     packed(t, []byte("\x80\x04\x8d\x00\x00\x00\x00\x00\x01\x00\x00.")),
	}
	for name, b := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readBytes(b)
		runtime.ReadMemStats(&after)
		if err == nil || len(b) > 4096 {
			t.Errorf("%s: error %v, file of %d bytes", name, err, len(b))
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: %d bytes of memory were taken", name, used)
		}
	}
}
