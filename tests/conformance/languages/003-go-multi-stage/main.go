package main

import (
	"fmt"
	"net/http"
	"os"

	"example.org/greeting"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(answer, "%s, user %d\n", greeting.Hello(request.URL.Path[1:]), os.Getuid())
	})
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
