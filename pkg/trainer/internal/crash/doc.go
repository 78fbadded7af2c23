// Package crash holds the tests of what happens to a run when its process is killed or
// its disk fails. They run the real program, built with the tag faults, which stops at
// each change of the disk by number (see pkg/atomicfile); TRAINER_SOAK=1 lengthens them.
package crash
