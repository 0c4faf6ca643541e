// sdkclient is a Go program that profiles itself with github.com/grafana/pyroscope-go, as users do, until it is stopped.
//
//	sdkclient URL [USER PASSWORD]
package main

import (
	"log"
	"os"
	"time"

	"github.com/grafana/pyroscope-go"
)

//go:noinline
func goBusyWork(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum += i * i
	}
	return sum
}

func main() {
	config := pyroscope.Config{
		ApplicationName: "go.sdk",
		ServerAddress:   os.Args[1],
		Tags:            map[string]string{"region": "eu"},
		ProfileTypes:    []pyroscope.ProfileType{pyroscope.ProfileCPU, pyroscope.ProfileInuseSpace},
		UploadRate:      2 * time.Second,
		Logger:          pyroscope.StandardLogger,
	}
	if len(os.Args) == 4 {
		config.BasicAuthUser, config.BasicAuthPassword = os.Args[2], os.Args[3]
	}
	if _, err := pyroscope.Start(config); err != nil {
		log.Fatal(err)
	}
	for {
		goBusyWork(1 << 20)
		time.Sleep(time.Millisecond)
	}
}
