// Package report turns what runs have recorded into charts and pages that people read:
// one HTML file each, which needs nothing beside it and no network, for the light and
// the dark screen and for paper.
//
// It promises that whatever names and numbers it is given, the page is well-formed, no
// text of a run is taken for markup, and values that are no numbers leave a gap.
package report
