package dataset

import (
	"fmt"
	"slices"
)

// Record is the split as it is kept in a checkpoint, in plain values: source,
// fingerprint, divided (by us, or given as files), fractions, seed and
// stratify (where it is true) of the division, the names of classes that have some, and of each split the number of samples and the SHA-256 of their row
// numbers ("" where there is no split).
func (d *Data) Record() map[string]any {
	rec := map[string]any{"source": d.spec.Source, "fingerprint": d.Fingerprint, "divided": d.parts.divide}
	if d.parts.divide {
		rec["seed"] = d.spec.Seed
		f := d.spec.Split
		if d.spec.Stratify {
			rec["stratify"] = true
		}
		rec["fraction_train"], rec["fraction_val"], rec["fraction_test"] = f.Train, f.Val, f.Test
	}
	if d.ClassNames != nil {
		rec["class_names"] = slices.Clone(d.ClassNames)
	}
	for i, s := range []*Split{d.Train, d.Val, d.Test} {
		count, hash := int64(0), ""
		if s != nil {
			count, hash = int64(s.Len()), hashRows(s.Indices())
		}
		rec["count_"+splitNames[i]], rec["sha256_"+splitNames[i]] = count, hash
	}
	return rec
}

// Check compares the open data with the record of a checkpoint. A difference is a
// user error that names both values; where the data lie does not matter.
func (d *Data) Check(rec map[string]any) error {
	mine := d.Record()
	for _, key := range []string{"source", "divided"} {
		if fmt.Sprint(mine[key]) != fmt.Sprint(rec[key]) && !sameFiles(key, mine, rec) {
			return mistake("the data are not those of the checkpoint: %s is %s, it was %s", key, describe(mine[key]), describe(rec[key]))
		}
	}
	for _, name := range splitNames {
		was, ok := asInt(rec["count_"+name])
		if !ok {
			return mistake("the checkpoint does not say how its data were split (count_%s is %s); it is damaged or of another program", name, describe(rec["count_"+name]))
		}
		if have := mine["count_"+name].(int64); have != was {
			return mistake("the data are not those of the checkpoint: the %s split has %d samples, it had %d", name, have, was)
		}
	}
	if rec["fingerprint"] != mine["fingerprint"] {
		return mistake("the data are not those of the checkpoint: the sizes are the same, the content is not (fingerprint %.12s, it was %.12s); resume with the file that it was trained on", d.Fingerprint, describe(rec["fingerprint"]))
	}
	for _, name := range splitNames {
		if rec["sha256_"+name] != mine["sha256_"+name] {
			return mistake("the data are split otherwise than in the checkpoint: other rows are in the %s split; resume with the same data.split and seed (it was seed %s%s)", name, describe(rec["seed"]), stratified(rec))
		}
	}
	return nil
}

func stratified(rec map[string]any) string {
	if rec["stratify"] == true {
		return ", stratified"
	}
	return ""
}

// sameFiles tells a difference of source that does not matter.
func sameFiles(key string, mine, rec map[string]any) bool {
	return key == "source" && mine["fingerprint"] == rec["fingerprint"]
}
