package track

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// TensorBoard is logs/events.out.tfevents.…: the metrics as TensorBoard's scalars
// (float32), under the names of Points. The file is a row of TFRecords, each an Event of
// tensorflow/core/util/event.proto.
type TensorBoard struct{ f *os.File }

var _ Sink = (*TensorBoard)(nil)

// OpenTensorBoard makes an events file in the folder dir. A run that goes on after some
// steps makes one more; it tells TensorBoard that what older files have of later steps
// is void.
func OpenTensorBoard(dir string, afterStep int64, now time.Time) (*TensorBoard, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d.0", now.Unix(), host, os.Getpid())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err // names the path already
	}
	t := &TensorBoard{f}
	err = t.event(now, 0, protoString(3, "brain.Event:2"))
	if err == nil && afterStep > 0 {
		start := protoVarint(1, 1) // SessionLog.status START
		err = t.event(now, afterStep+1, protoBytes(7, start))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

// Log writes the event's values as one Summary.
func (t *TensorBoard) Log(e Event) error {
	points := e.Points()
	if len(points) == 0 {
		return nil
	}
	var summary []byte
	for _, v := range points {
		value := protoString(1, v.Name)
		value = binary.LittleEndian.AppendUint32(append(value, 2<<3|5), math.Float32bits(float32(v.Value)))
		summary = append(summary, protoBytes(1, value)...)
	}
	at := e.Time
	if at.IsZero() {
		at = time.Now()
	}
	return t.event(at, e.Step, protoBytes(5, summary))
}

// Close makes the file durable and closes it.
func (t *TensorBoard) Close() error { return syncClose(t.f) }

// event writes one Event: wall_time = 1 (double), step = 2, and what it tells.
func (t *TensorBoard) event(at time.Time, step int64, what []byte) error {
	wall := float64(at.UnixNano()) / 1e9
	e := binary.LittleEndian.AppendUint64([]byte{1<<3 | 1}, math.Float64bits(wall))
	e = append(append(e, protoVarint(2, uint64(step))...), what...)
	_, err := atomicfile.Write(t.f, t.f.Name(), tfRecord(e))
	return writeError(t.f, err)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tfRecord frames data: its length, the length's checksum, the data and their checksum.
func tfRecord(data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, masked(data))
}

// masked is TFRecord's checksum: a CRC-32C, turned, with a constant added.
func masked(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

func protoVarint(field int, x uint64) []byte {
	return binary.AppendUvarint([]byte{byte(field << 3)}, x)
}

func protoBytes(field int, data []byte) []byte {
	return append(binary.AppendUvarint([]byte{byte(field<<3 | 2)}, uint64(len(data))), data...)
}

func protoString(field int, s string) []byte { return protoBytes(field, []byte(s)) }
