// Package reports writes reports to files, through a buffer.
package reports

import (
	"bufio"
	"fmt"
	"os"
)

// Write writes a report of so many lines.
func Write(path string, lines int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	for line := 1; line <= lines; line++ {
		fmt.Fprintf(out, "line %d\n", line)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}
