package dataset

import "math"

// Matrix is a plain float32 matrix in C order.
type Matrix struct {
	Rows, Cols int
	Data       []float32
}

// lastLayer is the label of synthetic_sparse that is its last layer.
const lastLayer = "last_layer"

// openSparse generates x = sum of Active atoms, each times a coefficient uniform
// in [0.5, 1.5), plus normal noise. The atoms are directions uniform on the unit
// sphere, in each of the Layers others: a sample [Layers, Dim] has the same coefficients
// in all. The last layer may be the label.
func openSparse(s Spec) (*parts, error) {
	row := s.Layers * s.Dim
	atoms := &Matrix{Rows: s.Atoms, Cols: row, Data: make([]float32, s.Atoms*row)}
	parallel(s.Atoms, func(from, to int) {
		for i := from; i < to; i++ {
			g := newGenerator(s.Seed, forAtoms, uint64(i))
			for at := i * row; at < (i+1)*row; at += s.Dim {
				drawAtom(g, atoms.Data[at:at+s.Dim])
			}
		}
	})
	x := make([]float32, s.Count*row)
	parallel(s.Count, func(from, to int) {
		sum, chosen := make([]float64, row), make([]int, 0, s.Active)
		for i := from; i < to; i++ {
			g := newGenerator(s.Seed, forSamples, uint64(i))
			chosen = choose(g, chosen[:0], s.Active, s.Atoms)
			mixAtoms(g, sum, chosen, atoms, s.Noise)
			for j, v := range sum {
				x[i*row+j] = float32(v)
			}
		}
	})
	layers, settings := s.Layers, []int64{int64(s.Count), int64(s.Atoms), int64(s.Active), s.Seed}
	fingerprint := fingerprintOf("synthetic_sparse", atoms.Data, x, settings...)
	var labels *labelSet
	if s.Label == lastLayer {
		layers--
		fingerprint += " " + lastLayer
		labels = &labelSet{shape: []int64{int64(s.Dim)}, row: s.Dim, values: columns(x, row, layers*s.Dim, row)}
		x = columns(x, row, 0, layers*s.Dim)
		atoms = &Matrix{Rows: s.Atoms, Cols: s.Dim, Data: columns(atoms.Data, row, layers*s.Dim, row)}
	}
	shape := []int64{int64(layers), int64(s.Dim)}
	if layers == 1 {
		shape = shape[1:]
	}
	p := generated(x, shape, labels)
	p.dictionary, p.fingerprint = atoms, fingerprint
	return p, nil
}

// columns are those from one to before another of rows of so many values.
func columns(x []float32, row, from, to int) []float32 {
	out := make([]float32, 0, len(x)/row*(to-from))
	for at := 0; at < len(x); at += row {
		out = append(out, x[at+from:at+to]...)
	}
	return out
}

// drawAtom fills v with a random vector of length 1.
func drawAtom(g *generator, v []float32) {
	raw, square := make([]float64, len(v)), 0.0
	for square == 0 {
		for j := range raw {
			raw[j] = g.normal()
			square += float64(raw[j] * raw[j])
		}
	}
	for j := range v {
		v[j] = float32(raw[j] / math.Sqrt(square))
	}
}

// choose appends k different numbers below n (Floyd's method), n >= k.
func choose(g *generator, out []int, k, n int) []int {
	for top := n - k; top < n; top++ {
		c := int(g.below(uint64(top) + 1))
		for _, have := range out {
			if have == c {
				c = top
				break
			}
		}
		out = append(out, c)
	}
	return out
}

// mixAtoms sets sum to the chosen atoms, each times its coefficient, plus noise.
func mixAtoms(g *generator, sum []float64, chosen []int, atoms *Matrix, noise float64) {
	clear(sum)
	for _, c := range chosen {
		weight := 0.5 + g.uniform()
		for j, v := range atoms.Data[c*atoms.Cols : (c+1)*atoms.Cols] {
			sum[j] += float64(weight * float64(v))
		}
	}
	if noise == 0 {
		return
	}
	for j := range sum {
		sum[j] += float64(noise * g.normal())
	}
}
