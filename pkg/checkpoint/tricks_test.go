package checkpoint

import (
	"os"
	"path/filepath"
	"testing"
)

// Names that are no plain names find nothing and reach nothing.
func TestTricksInTheNameOfACheckpointAreRefused(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "checkpoints")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{BestName, "../outside.pt", "../epoch_007.pt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, which := range []string{
		"../outside", "../outside.pt", "../epoch_007", "epoch_../epoch_007", "epoch_-07", "epoch_7", "best_model.pt\x00.txt", "\x00", "a\nb.pt",
		"..", ".", "", "/", "//", dir, "best_model.pt/", "./../checkpoints",
	} {
		path, _, err := Resolve(dir, which)
		if err == nil {
			t.Errorf("%q was found: %s", which, path)
			continue
		}
		wantUserError(t, err, dir)
	}
	// A path that the user types is one from where they stand, wherever it leads.
	outside := filepath.Join(root, "outside.pt")
	if path, _, err := Resolve(dir, outside); err != nil || path != outside {
		t.Errorf("%s, %v", path, err)
	}
}

// What a file says about names has no say in what is opened: names of records and keys
// of storages are looked up in the file alone.
func TestTricksInTheNamesOfRecordsAreRefused(t *testing.T) {
	pickle, version := bytesRecord(recPickle, []byte("\x80\x02N.")), bytesRecord(recVersion, []byte("3\n"))
	for _, name := range []string{"../x", "a/../../x", "/etc/passwd", "a//b", "data/", ".", "a\x00b", "C:\\x", "a\xffb", ""} {
		_, err := readBytes(zipped(t, "x", pickle, version, bytesRecord(name, nil)))
		wantUserError(t, err, "does not belong below x/")
	}
	for _, folder := range []string{"..", ".", "/", "/abs", "a\x00b", "a\\b"} {
		_, err := readBytes(zipped(t, folder, pickle, version))
		wantUserError(t, err, "not a torch checkpoint")
	}
	for _, key := range []string{"../0", "/0", "0\x00", "-0", "0x0", "", "٠", "00000000000", " 0"} {
		_, err := readBytes(packed(t, []byte("\x80\x02"+storageRef("FloatStorage", key, 3)+"."), ramp(3).Data))
		wantUserError(t, err, "storage key")
	}
}
