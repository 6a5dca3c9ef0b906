// Package store keeps notes in files. It has a bug that a healthy disk hides.
package store

import (
	"os"
	"path/filepath"
)

// Save writes a note beside its place and moves it there, so that a reader
// never sees half of it. It forgets that the last step can fail, too.
func Save(dir, name, text string) error {
	draft := filepath.Join(dir, name+".tmp")
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		return err
	}
	os.Rename(draft, filepath.Join(dir, name))
	return nil
}

// Load reads a note back.
func Load(dir, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	return string(text), err
}
