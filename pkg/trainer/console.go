package trainer

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/urfave/cli/v2"
)

// console is where a command speaks: messages to stderr, results to stdout.
type console struct {
	stdout, stderr              io.Writer
	quiet, verbose, json, plain bool
}

func newConsole(c *cli.Context) *console {
	return &console{
		stdout: c.App.Writer, stderr: c.App.ErrWriter,
		quiet: c.Bool("quiet"), verbose: c.Bool("verbose"), json: c.Bool("json"), plain: c.Bool("no-progress"),
	}
}

// info is for the curious; -q drops it.
func (c *console) info(format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(c.stderr, format+"\n", args...)
	}
}

// detail is shown with -v only.
func (c *console) detail(format string, args ...any) {
	if c.verbose {
		c.info(format, args...)
	}
}

// note is a notice that the user should see even with -q.
func (c *console) note(text string) { fmt.Fprintln(c.stderr, "note: "+text) }

// result goes to stdout: as JSON where it was asked for, else as the text.
func (c *console) result(v any, text string) error {
	if !c.json {
		_, err := fmt.Fprintln(c.stdout, text)
		return err
	}
	enc := json.NewEncoder(c.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// number is a float as JSON can hold it: NaN and infinities as text.
func number(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprint(v)
	}
	return v
}
