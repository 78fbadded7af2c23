package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
)

// names of the three splits, in the order used everywhere.
var splitNames = [3]string{"train", "val", "test"}

// sizes of the three splits of n samples: val and test rounded down, the rest is
// train's.
func (f Fractions) sizes(n int64) [3]int64 {
	part := func(fraction float64) int64 {
		return int64(math.Floor(fraction*float64(n) + 1e-9)) // 0.29 of 100 is 29, not 28.999999999999996
	}
	val := min(part(f.Val), n)
	test := min(part(f.Test), n-val)
	return [3]int64{n - val - test, val, test}
}

// divide deals the rows 0..n-1 to the three splits: a pure function of the seed, n
// and the fractions. Each split lists its rows in ascending order.
func (f Fractions) divide(n, seed int64) [3][]int64 {
	rows := make([]int64, n)
	for i := range rows {
		rows[i] = int64(i)
	}
	var parts [3][]int64
	sizes := f.sizes(n)
	if whole := slices.Index(sizes[:], n); whole >= 0 { // no order matters
		parts[whole] = rows
		return parts
	}
	shuffle(newGenerator(seed, forSplit, uint64(n)), rows)
	owner := make([]uint8, n)
	from := int64(0)
	for i, size := range sizes {
		parts[i] = make([]int64, 0, size)
		for _, r := range rows[from : from+size] {
			owner[r] = uint8(i)
		}
		from += size
	}
	for r, i := range owner {
		parts[i] = append(parts[i], int64(r))
	}
	return parts
}

// hashRows is the SHA-256 of the row numbers as little-endian int64.
func hashRows(rows []int64) string {
	hash := sha256.New()
	buffer := make([]byte, 0, 1<<13)
	for _, r := range rows {
		if buffer = binary.LittleEndian.AppendUint64(buffer, uint64(r)); len(buffer) == cap(buffer) {
			hash.Write(buffer)
			buffer = buffer[:0]
		}
	}
	hash.Write(buffer)
	return hex.EncodeToString(hash.Sum(nil))
}
