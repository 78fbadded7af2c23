package npy

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// decoder turns little-endian elements into float32. len(src) is len(dst) times
// the element size.
type decoder func(dst []float32, src []byte)

// littleHost is whether memory holds numbers as the files do.
var littleHost = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()

// unitBytes is v/255 for every byte v, correctly rounded.
var unitBytes = func() (t [256]float32) {
	for v := range t {
		t[v] = float32(v) / 255
	}
	return t
}()

// decoderOf picks the conversion; with unit, uint8 is divided by 255.
func decoderOf(dtype string, unit bool) decoder {
	switch dtype {
	case "f4":
		if littleHost {
			return copyF4
		}
		return decodeF4
	case "f2":
		return decodeF2
	case BFloat16:
		return decodeBF16
	case "f8":
		return decodeF8
	case "u1":
		if unit {
			return decodeUnit
		}
		return decodeU1
	case "i1":
		return decodeI1
	case "b1":
		return decodeBool
	}
	return decodeWide[dtype]
}

// asBytes is the memory of v; only for hosts that are little-endian.
func asBytes(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

func copyF4(dst []float32, src []byte) { copy(asBytes(dst), src) }

func decodeF4(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func decodeF2(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = Float16To32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func decodeBF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

func decodeF8(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}

func decodeUnit(dst []float32, src []byte) {
	for i, v := range src[:len(dst)] {
		dst[i] = unitBytes[v]
	}
}

func decodeU1(dst []float32, src []byte) {
	for i, v := range src[:len(dst)] {
		dst[i] = float32(v)
	}
}

func decodeI1(dst []float32, src []byte) {
	for i, v := range src[:len(dst)] {
		dst[i] = float32(int8(v))
	}
}

func decodeBool(dst []float32, src []byte) {
	for i, v := range src[:len(dst)] {
		dst[i] = 0
		if v != 0 {
			dst[i] = 1
		}
	}
}

// decodeWide are the integers of more than one byte.
var decodeWide = map[string]decoder{
	"i2": func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:])))
		}
	},
	"u2": func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = float32(binary.LittleEndian.Uint16(src[2*i:]))
		}
	},
	"i4": func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:])))
		}
	},
	"u4": func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = float32(binary.LittleEndian.Uint32(src[4*i:]))
		}
	},
	"i8": func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = float32(int64(binary.LittleEndian.Uint64(src[8*i:])))
		}
	},
	"u8": func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = float32(binary.LittleEndian.Uint64(src[8*i:]))
		}
	},
}

// swap copies src to dst with the bytes of each element turned round.
func swap(dst, src []byte, size int) {
	switch size {
	case 2:
		for i := 0; i+2 <= len(src); i += 2 {
			binary.LittleEndian.PutUint16(dst[i:], binary.BigEndian.Uint16(src[i:]))
		}
	case 4:
		for i := 0; i+4 <= len(src); i += 4 {
			binary.LittleEndian.PutUint32(dst[i:], binary.BigEndian.Uint32(src[i:]))
		}
	case 8:
		for i := 0; i+8 <= len(src); i += 8 {
			binary.LittleEndian.PutUint64(dst[i:], binary.BigEndian.Uint64(src[i:]))
		}
	}
}
