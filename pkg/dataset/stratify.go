package dataset

// stratify deals the rows 0..n-1 to the three splits as divide does, but so that each
// class is divided as the whole is: a split has its share of every class, rounded up or
// down (the test split may be off by one more). class is that of each row. It is a pure
// function of seed, classes and fractions.
//
// Rows are laid out class by class, each class in a random order, and every so-manieth of
// them goes to a split (systematic sampling). So the sizes are those of divide.
func (f Fractions) stratify(class []float32, classes int, seed int64) [3][]int64 {
	n := int64(len(class))
	rows := make([][]int64, classes)
	for r, c := range class {
		rows[int(c)] = append(rows[int(c)], int64(r))
	}
	var line []int64
	for c, of := range rows {
		shuffle(newGenerator(seed, forStrata, uint64(c)), of)
		line = append(line, of...)
	}
	sizes := f.sizes(n)
	owner := make([]uint8, n)
	for i := 1; i < 3; i++ {
		line = deal(line, sizes[i], func(r int64) { owner[r] = uint8(i) })
	}
	var parts [3][]int64
	for r, i := range owner {
		parts[i] = append(parts[i], int64(r))
	}
	return parts
}

// deal takes k rows out of a line at even distances, and answers those that are left.
func deal(line []int64, k int64, take func(row int64)) (rest []int64) {
	n := int64(len(line))
	for i, r := range line {
		if (int64(i)+1)*k/n > int64(i)*k/n {
			take(r)
		} else {
			rest = append(rest, r)
		}
	}
	return rest
}

// divide deals the rows of a part to the splits; classes is what the source says of their
// number, 0 where the labels do.
func (s Spec) divide(whole part, classes int) ([3][]int64, error) {
	if !s.Stratify {
		return s.Split.divide(whole.n, s.Seed), nil
	}
	l := whole.labels
	if l != nil {
		classes = max(classes, l.classes)
	}
	if l == nil || classes == 0 {
		return [3][]int64{}, mistake("data.split.stratify: the splits get the same share of each class, and these data have no labels that number classes from 0; give such labels, or remove the key")
	}
	splits := 0
	for _, size := range s.Split.sizes(whole.n) {
		splits += min(int(size), 1)
	}
	for class, count := range countClasses(l.values, classes) {
		if count > 0 && count < int64(splits) {
			return [3][]int64{}, mistake("data.split.stratify: class %d has %d of the samples, too few for %d splits; leave the class out, or remove the key", class, count, splits)
		}
	}
	return s.Split.stratify(l.values, classes, s.Seed), nil
}

// countClasses is how many labels name each class.
func countClasses(labels []float32, classes int) []int64 {
	counts := make([]int64, classes)
	for _, y := range labels {
		counts[int(y)]++
	}
	return counts
}

// ClassCounts is how many samples of the split are of each class of the data; nil where
// the labels do not number classes.
func (s *Split) ClassCounts() []int64 {
	l := s.part.labels
	if s.data.Classes == 0 || l == nil || l.row != 1 {
		return nil
	}
	if s.index == nil {
		return countClasses(l.values, s.data.Classes)
	}
	counts := make([]int64, s.data.Classes)
	for _, r := range s.index {
		counts[int(l.values[r])]++
	}
	return counts
}
