// Package store keeps notes in files. It has a bug that a healthy disk hides.
package store

import (
	"os"
	"path/filepath"
)

// Save writes a note. It forgets that writing can fail: a full disk leaves an
// empty or short file behind, and nobody is told.
func Save(dir, name, text string) error {
	file, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
	file.WriteString(text)
	return nil
}

// Load reads a note back.
func Load(dir, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	return string(text), err
}
