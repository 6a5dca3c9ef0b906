// A program that asks for what net and os/user can have from C libraries:
// a host's address and the user.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
)

func main() {
	addresses, err := net.LookupIP("localhost")
	fmt.Printf("addresses=%d err=%v\n", len(addresses), err)
	me, userErr := user.Current()
	if userErr == nil {
		fmt.Printf("uid: %s name: %s home: %s\n", me.Uid, me.Username, me.HomeDir)
	} else {
		fmt.Println("user:", userErr)
	}
	other, otherErr := user.Lookup("root")
	if otherErr == nil {
		fmt.Println("root is", other.Uid)
	} else {
		fmt.Println("lookup:", otherErr)
	}
	execErr := exec.Command("/bin/true").Run()
	fmt.Println("exec:", execErr)
	if err != nil || userErr != nil || otherErr != nil || execErr != nil {
		os.Exit(1)
	}
}
