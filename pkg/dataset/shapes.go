package dataset

import "math"

// shapeNames are the values of the factor "shape", in the order of their numbers.
var shapeNames = []string{"square", "ellipse", "heart", "triangle"}

// factorNames are the labels of source shapes, in the order of their columns.
var factorNames = []string{"shape", "scale", "rotation", "x", "y"}

// factors describe one image: everything that there is to know about it.
type factors struct {
	shape    int     // number of the shape
	scale    float64 // 0.5 to 1: size relative to the largest
	rotation float64 // 0 to 2*pi, radians, clockwise
	x, y     float64 // 0 to 1: the centre's place between the leftmost and the rightmost, top and bottom
}

// drawFactors are those of image number i: independent and uniform.
func drawFactors(seed int64, i int) factors {
	g := newGenerator(seed, forShapes, uint64(i))
	return factors{
		shape:    int(g.below(uint64(len(shapeNames)))),
		scale:    0.5 + g.uniform()/2,
		rotation: g.uniform() * 2 * math.Pi,
		x:        g.uniform(),
		y:        g.uniform(),
	}
}

// labels are the factors as one row of labels.
func (f factors) labels() [5]float32 {
	return [5]float32{float32(f.shape), float32(f.scale), float32(f.rotation), float32(f.x), float32(f.y)}
}

// openShapes generates the images [1, S, S], white on black in [0, 1].
func openShapes(s Spec) (*parts, error) {
	column := -1 // all factors
	for i, name := range factorNames {
		if name == s.Label {
			column = i
		}
	}
	if column < 0 && s.Label != "" {
		return nil, mistake("data.label: found %q, expected one of shape, scale, rotation, x, y", s.Label)
	}
	size := s.ImageSize
	images := make([]float32, s.Count*size*size)
	labels := &labelSet{shape: []int64{int64(len(factorNames))}, names: factorNames, spans: spansOf(factorNames), row: len(factorNames)}
	if column >= 0 {
		labels = &labelSet{shape: []int64{}, names: factorNames[column : column+1], spans: spansOf(factorNames[column : column+1]), row: 1}
	}
	labels.values = make([]float32, s.Count*labels.row)
	parallel(s.Count, func(from, to int) {
		for i := from; i < to; i++ {
			f := drawFactors(s.Seed, i)
			f.draw(images[i*size*size:(i+1)*size*size], size)
			row := f.labels()
			if column >= 0 {
				labels.values[i] = row[column]
			} else {
				copy(labels.values[i*len(row):], row[:])
			}
		}
	})
	p := generated(images, []int64{1, int64(size), int64(size)}, labels)
	if s.Label == "shape" {
		p.classes = len(shapeNames)
	}
	p.fingerprint = fingerprintOf("shapes", images, labels.values, int64(s.Count), s.Seed)
	return p, nil
}

// draw paints the shape into a black image of size x size pixels. Each pixel takes
// the share of it that the shape covers, from the signed distance of its centre to
// the outline: anti-aliased, and cheap.
func (f factors) draw(image []float32, size int) {
	s := float64(size)
	radius := f.scale * s / 4 // every shape fits in a circle of this radius
	margin := s/4 + 1         // so that the largest shape stays inside
	cx, cy := margin+f.x*(s-2*margin), margin+f.y*(s-2*margin)
	sin, cos := math.Sincos(f.rotation)
	distance := outlines[f.shape]
	top, bottom := max(int(cy-radius)-1, 0), min(int(cy+radius)+2, size)
	left, right := max(int(cx-radius)-1, 0), min(int(cx+radius)+2, size)
	for row := top; row < bottom; row++ {
		for column := left; column < right; column++ {
			dx, dy := (float64(column)+0.5-cx)/radius, (float64(row)+0.5-cy)/radius
			d := distance(dx*cos+dy*sin, dy*cos-dx*sin)
			image[row*size+column] = float32(min(max(0.5-d*radius, 0), 1))
		}
	}
}

// outlines are the signed distances to the four shapes: negative inside, in units
// of the radius of the circle around the shape; y points down, and the shape's centroid
// is the origin, so that x and y are where the shape is seen.
var outlines = [4]func(x, y float64) float64{square, ellipse, heart, triangle}

func square(x, y float64) float64 { return max(math.Abs(x), math.Abs(y)) - math.Sqrt2/2 }

// ellipse has the half axes 1 and 0.55; the distance is exact to first order,
// which is all that the outline's pixels see.
func ellipse(x, y float64) float64 {
	const a, b = 1, 0.55
	level := math.Hypot(x/a, y/b)
	if level < 0.5 {
		return -1 // well inside; the gradient vanishes at the centre
	}
	return level * (level - 1) / math.Hypot(x/(a*a), y/(b*b))
}

// heart is a square on its corner with half a disc on each of its upper sides.
func heart(x, y float64) float64 {
	const half = 0.5 // of the square's side
	// The centroid of half a disc is 4/(3π) of its radius from its straight side.
	const discs = -(half + 4*half/(3*math.Pi)) / math.Sqrt2
	const centroid = discs * (math.Pi / 4) / (1 + math.Pi/4)
	x, y = math.Abs(x), y+centroid
	diamond := (x+math.Abs(y))/math.Sqrt2 - half
	disc := math.Hypot(x-half/math.Sqrt2, y+half/math.Sqrt2) - half
	return min(diamond, disc)
}

// triangle is equilateral: the largest distance to its three sides.
func triangle(x, y float64) float64 {
	x = math.Abs(x)
	return max(y, x*math.Sqrt(3)/2-y/2) - 0.5
}
