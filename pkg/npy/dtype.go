package npy

import "strings"

// dtypes are the element types that can be read, with their size and the name
// that users know them by.
var dtypes = []struct {
	code string
	size int64
	name string
}{
	{"f4", 4, "float32"}, {"f2", 2, "float16"}, {"f8", 8, "float64"},
	{"u1", 1, "uint8"}, {"i1", 1, "int8"}, {"i2", 2, "int16"}, {"i4", 4, "int32"}, {"i8", 8, "int64"},
	{"u2", 2, "uint16"}, {"u4", 4, "uint32"}, {"u8", 8, "uint64"}, {"b1", 1, "bool"},
	{BFloat16, 2, "bfloat16"},
}

// BFloat16 is the element type that other formats have and .npy files have not: the upper
// half of a float32.
const BFloat16 = "bf2"

// itemSize is 0 for a type that is not known.
func itemSize(code string) int64 {
	for _, t := range dtypes {
		if t.code == code {
			return t.size
		}
	}
	return 0
}

// TypeName is numpy's name of an element type: f4 is float32.
func TypeName(code string) string {
	for _, t := range dtypes {
		if t.code == code {
			return t.name
		}
	}
	return code
}

// IsFloat tells floating-point types from integers and bool.
func IsFloat(code string) bool { return strings.HasPrefix(code, "f") || code == BFloat16 }

// parseDescr reads numpy's descr, such as <f4, >i8 or |u1.
func parseDescr(descr string) (code string, big bool, err error) {
	if len(descr) < 2 || !strings.ContainsRune("<>|=", rune(descr[0])) {
		return "", false, unknownDescr(descr)
	}
	order, code := descr[0], descr[1:]
	size := itemSize(code)
	if size == 0 || code == BFloat16 || (order == '|' && size > 1) {
		return "", false, unknownDescr(descr)
	}
	return code, order == '>' && size > 1, nil
}

// unknownDescr says what an unsupported type is and how to save it instead.
func unknownDescr(descr string) error {
	kind := byte(0)
	if len(descr) > 1 {
		kind = descr[1]
	}
	what := "of a type that is not supported"
	switch kind {
	case 'O':
		what = "Python objects, which are stored as a pickle and are never opened"
	case 'V':
		what = "raw bytes (bfloat16 has no .npy type)"
	case 'c':
		what = "complex numbers"
	case 'U', 'S', 'a':
		what = "text"
	case 'M', 'm':
		what = "dates or times"
	}
	if len(descr) > 24 {
		descr = descr[:24] + "..."
	}
	return bad("the elements are %s (dtype %q); expected float16/32/64, an integer or bool, save it with numpy.save(path, x.astype(numpy.float32))", what, descr)
}
