// Package runs reads whole runs from disk: it puts together what the directory, the
// saved config, the journal and the checkpoints say, for the commands that list, show
// and compare them and for the report.
//
// It promises to change nothing on disk and to need no libtorch; that a run of which
// parts are missing or unreadable, or which another program wrote, still is in the list
// with all that is known of it; and that what is not known is left empty, not guessed.
package runs
