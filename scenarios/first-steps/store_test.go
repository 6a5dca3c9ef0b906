package store

import "testing"

func TestSaveThenLoad(t *testing.T) {
	dir := t.TempDir()
	if err := Save(dir, "note", "remember the milk"); err != nil {
		t.Skipf("the disk is full, and Save said so: %v", err)
	}
	got, err := Load(dir, "note")
	if err != nil {
		t.Fatalf("Save reported success, but the note is not there: %v", err)
	}
	if got != "remember the milk" {
		t.Fatalf("Save reported success, but the note reads %q", got)
	}
}

func TestLoadMissing(t *testing.T) {
	if _, err := Load(t.TempDir(), "nothing"); err == nil {
		t.Fatal("a missing note was loaded")
	}
}
