package store

import (
	"errors"
	"syscall"
	"testing"
)

func TestSaveThenLoad(t *testing.T) {
	dir := t.TempDir()
	err := Save(dir, "note", "remember the milk")
	if errors.Is(err, syscall.ENOSPC) {
		t.Skip("the disk is full, and Save said so")
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir, "note")
	if err != nil {
		t.Fatal(err)
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
