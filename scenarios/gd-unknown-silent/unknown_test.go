// Package unknown does what GODEBUG settings of several kinds are about, so that
// a setting that is noticed would be noticed here.
package unknown

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"testing"
)

func TestOrdinaryProgram(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	out, err := exec.Command("echo", "started").Output()
	runtime.GC()
	t.Logf("http: %s, exec: %s (err %v)", response.Status, out, err)
}
