// Package keys uses the kernel's keyrings, by syscall.Syscall: package syscall has no functions for them.
package keys

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

const (
	joinSessionKeyring = 1
	processKeyring     = -2
)

// TestSession joins a new session keyring as runc does for each container: only a kernel without keyrings is no reason to give up.
func TestSession(t *testing.T) {
	runtime.LockOSThread() // A session keyring is a thread's; this one ends with it.
	id, err := joinSession("example")
	if errors.Is(err, syscall.ENOSYS) {
		t.Log("started without a keyring")
		return
	}
	if err != nil {
		t.Fatalf("unable to join session keyring: %v", err)
	}
	t.Logf("started with a keyring, id_is_set=%t", id != 0)
}

func joinSession(name string) (uintptr, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return 0, err
	}
	id, _, errno := syscall.Syscall(syscall.SYS_KEYCTL, joinSessionKeyring, uintptr(unsafe.Pointer(text)), 0)
	if errno != 0 {
		return 0, errno
	}
	return id, nil
}

// TestQuota adds keys to the process's own keyring until there is no more room for this user's; they go with the process.
func TestQuota(t *testing.T) {
	for keys := 0; keys < 2000; keys++ {
		if err := addKey(fmt.Sprintf("example-%d", keys), "secret"); err != nil {
			t.Logf("keys=%d", keys)
			t.Fatalf("add_key: %v", err)
		}
	}
}

func addKey(name, content string) error {
	kind, err := syscall.BytePtrFromString("user")
	if err != nil {
		return err
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	payload := []byte(content)
	keyring := processKeyring
	_, _, errno := syscall.Syscall6(syscall.SYS_ADD_KEY, uintptr(unsafe.Pointer(kind)), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&payload[0])), uintptr(len(payload)), uintptr(keyring), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
