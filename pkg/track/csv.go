package track

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// CSV is logs/metrics.csv: a line for each event with values, and a column for each
// metric, under the names of Points. A cell is empty where the event has no such metric.
// A metric that comes later makes the file anew with one more column.
type CSV struct {
	path  func() string
	f     *os.File
	names []string
	rows  []Event
}

var _ Sink = (*CSV)(nil)

// csvHead are the columns before the metrics.
var csvHead = []string{"time", "kind", "step", "epoch"}

// OpenCSV writes the table anew with the events so far, and goes on with it. path is
// asked each time: a run takes its name while it is trained.
func OpenCSV(path func() string, before []Event) (*CSV, error) {
	c := &CSV{path: path}
	for _, e := range before {
		c.take(e)
	}
	return c, c.rewrite()
}

// take adds the event to the table in memory, and says whether it brought a new column.
func (c *CSV) take(e Event) (widened bool) {
	if len(e.Values) == 0 {
		return false
	}
	c.rows = append(c.rows, e)
	for _, v := range e.Points() {
		if v.Name != "epoch" && !slices.Contains(c.names, v.Name) {
			c.names, widened = append(c.names, v.Name), true
		}
	}
	return widened
}

// Log appends a line.
func (c *CSV) Log(e Event) error {
	if len(e.Values) == 0 {
		return nil
	}
	if c.take(e) || c.f == nil {
		return c.rewrite()
	}
	_, err := atomicfile.Write(c.f, c.f.Name(), c.lines(c.row(e)))
	return writeError(c.f, err)
}

// rewrite replaces the file by the whole table.
func (c *CSV) rewrite() error {
	rows := [][]string{append(slices.Clone(csvHead), c.names...)}
	for _, e := range c.rows {
		rows = append(rows, c.row(e))
	}
	path := c.path()
	if c.f != nil {
		c.f.Close()
		c.f = nil
	}
	if err := atomicfile.WriteFile(path, c.lines(rows...)); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the run took its name just now; the next line finds it
	}
	c.f = f
	return err
}

func (c *CSV) row(e Event) []string {
	at := e.Time
	if at.IsZero() {
		at = time.Now()
	}
	row := make([]string, len(csvHead)+len(c.names))
	row[0], row[1] = at.UTC().Format(journalTime), e.Kind
	row[2], row[3] = strconv.FormatInt(e.Step, 10), strconv.FormatInt(e.Epoch, 10)
	for _, v := range e.Points() {
		if i := slices.Index(c.names, v.Name); i >= 0 {
			row[len(csvHead)+i] = strconv.FormatFloat(v.Value, 'g', -1, 64)
		}
	}
	return row
}

func (c *CSV) lines(rows ...[]string) []byte {
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll(rows) // a Buffer takes everything
	return b.Bytes()
}

// Close makes the table durable and closes it.
func (c *CSV) Close() error {
	if c.f == nil {
		return nil
	}
	return syncClose(c.f)
}
