// This program writes a module proxy with one module, example.com/dep v1.0.0,
// into a folder: what GOPROXY=file://… reads.
package main

import (
	"archive/zip"
	"os"
	"path/filepath"
)

const (
	goMod  = "module example.com/dep\n\ngo 1.20\n"
	source = "// Package dep is a dependency.\npackage dep\n\n// Name is what it is called.\nconst Name = \"dep\"\n"
)

func main() {
	folder := filepath.Join(os.Args[1], "example.com", "dep", "@v")
	must(os.MkdirAll(folder, 0o755))
	write := func(name, text string) { must(os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644)) }
	write("list", "v1.0.0\n")
	write("v1.0.0.info", `{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}`)
	write("v1.0.0.mod", goMod)

	file, err := os.Create(filepath.Join(folder, "v1.0.0.zip"))
	must(err)
	archive := zip.NewWriter(file)
	for name, text := range map[string]string{"go.mod": goMod, "dep.go": source} {
		entry, err := archive.Create("example.com/dep@v1.0.0/" + name)
		must(err)
		_, err = entry.Write([]byte(text))
		must(err)
	}
	must(archive.Close())
	must(file.Close())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
