// This program says what it is; go version -m says what it was built from.
package main

func main() {
	println("this is the original")
}
