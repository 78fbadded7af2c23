// Package ssim has the constants of structural similarity (Wang et al. 2004, IEEE Transactions
// on Image Processing 13), which a metric and a loss share.
package ssim

// The window is Gaussian, of Window pixels a side and the deviation Sigma; K1 and K2 times the
// range of values, squared, keep both factors finite.
const (
	Window = 11
	Sigma  = 1.5
	K1     = 0.01
	K2     = 0.03
)

// MostScales is how many scales MS-SSIM has in the paper (Wang, Simoncelli and Bovik 2003).
const MostScales = 5

// Weights are the exponents of MS-SSIM with 1 to 5 scales, the finest first: of five scales the
// paper's, of fewer pythae's.
func Weights(scales int) []float64 {
	return [MostScales][]float64{
		{1},
		{0.3222, 0.6778},
		{0.4558, 0.1633, 0.3809},
		{0.3117, 0.3384, 0.2675, 0.0824},
		{0.0448, 0.2856, 0.3001, 0.2363, 0.1333},
	}[scales-1]
}
