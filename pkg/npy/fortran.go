package npy

// sameInBothOrders tells arrays whose elements lie the same way in C and Fortran
// order: at most one axis is longer than one.
func sameInBothOrders(shape []int64) bool {
	long := 0
	for _, d := range shape {
		if d > 1 {
			long++
		}
	}
	return long < 2
}

// toCOrder returns a copy of data (first axis fastest) with the last axis fastest.
func toCOrder(data []byte, h Header) []byte {
	if sameInBothOrders(h.Shape) || len(data) == 0 {
		return data
	}
	size, rows := int(h.ItemSize()), int(h.Shape[0])
	rest := h.Shape[1:]
	row := len(data) / (rows * size)
	out := make([]byte, len(data))
	place := make([]int64, len(rest)) // position on the axes after the first, C order
	for c := range row {
		from := fortranOffset(place, rest) * rows * size
		for r := range rows {
			to := (r*row + c) * size
			copy(out[to:to+size], data[from+r*size:])
		}
		advance(place, rest)
	}
	return out
}

// fortranOffset numbers a position with the first axis fastest.
func fortranOffset(place, shape []int64) int {
	at, step := int64(0), int64(1)
	for d, p := range place {
		at += p * step
		step *= shape[d]
	}
	return int(at)
}

// advance goes to the next position, the last axis fastest.
func advance(place, shape []int64) {
	for d := len(place) - 1; d >= 0; d-- {
		if place[d]++; place[d] < shape[d] {
			return
		}
		place[d] = 0
	}
}
