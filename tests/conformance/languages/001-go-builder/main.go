package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Printf("hello from %s, user %d\n", os.Args[0], os.Getuid())
}
