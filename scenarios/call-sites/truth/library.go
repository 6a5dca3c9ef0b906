package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"sort"
	"strings"
	"sync"
	"text/template"

	"example.com/callsites/mark"
	store "example.com/callsites/store.v2"
)

// library makes calls through packages of the standard library, and through another package's callbacks.
func library() {
	os.Truncate("/duress-mark", mark.Through("truncate", "os.Truncate"))
	file.Chown(int(mark.Through("fchown", "os.(*File).Chown")), -1)
	file.Seek(mark.Through("lseek", "os.(*File).Seek"), io.SeekStart)
	file.WriteAt([]byte{'x'}, mark.Through("pwrite64", "os.(*File).WriteAt"))
	file.ReadAt([]byte{0}, mark.Through("pread64", "os.(*File).ReadAt"))
	file.Truncate(mark.Through("ftruncate", "os.(*File).Truncate"))
	io.NewSectionReader(file, mark.Through("pread64", "io.(*SectionReader).Read"), 1).Read([]byte{0})
	exec.Command(mark.Program("os/exec")).Run()
	exec.Command(mark.Program("os/exec, by Output")).Output()
	os.StartProcess(mark.Program("os.StartProcess"), nil, &os.ProcAttr{})

	writer := bufio.NewWriter(store.At{File: file, What: "bufio.(*Writer).Flush"})
	writer.WriteByte('x')
	writer.Flush()
	fmt.Fprintf(store.At{File: file, What: "fmt.Fprintf"}, "%d", 1)
	json.NewEncoder(store.At{File: file, What: "encoding/json"}).Encode(1)
	log.New(store.At{File: file, What: "log"}, "", 0).Print("x")
	io.Copy(store.At{File: file, What: "io.Copy"}, strings.NewReader("x"))
	io.WriteString(io.MultiWriter(store.At{File: file, What: "io.MultiWriter"}), "x")
	store.NewLog(file).Append("package with a dot in its path")

	store.Each([]int{1}, func(int) { mark.Call("callback of another package") })
	sort.Slice([]int{2, 1}, func(i, j int) bool { mark.Call("callback of package sort"); return i < j })
	strings.Map(func(r rune) rune { mark.Call("callback of package strings"); return r }, "x")
	var once sync.Once
	once.Do(func() { mark.Call("callback of sync.Once") })
	once.Do(func() { panic("twice") })
	(&sync.Pool{New: func() any { mark.Call("callback of sync.Pool"); return nil }}).Get()
	_ = fmt.Sprint(shown{})
	functions := template.FuncMap{"call": func() string { mark.Call("callback of a template"); return "" }}
	template.Must(template.New("x").Funcs(functions).Parse("{{call}}")).Execute(io.Discard, nil)
}

type shown struct{}

// String does as fmt.Stringer says.
func (shown) String() string {
	mark.Call("callback of package fmt")
	return ""
}
