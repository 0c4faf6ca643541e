// target is a real Go program to be profiled: net/http/pprof, fgprof and godeltaprof on one port. It prints
// "listening HOST:PORT" and works until it is killed. With -stacks it holds a heap of that many call paths.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand"
	"net"
	"net/http"
	_ "net/http/pprof"
	"runtime"
	"sync"
	"time"

	"github.com/felixge/fgprof"
	_ "github.com/grafana/pyroscope-go/godeltaprof/http/pprof"
)

var (
	keep [][]byte
	mu   sync.Mutex
)

// busyLoop burns CPU under a name that tests look for.
//
//go:noinline
func busyLoop(d time.Duration) (n uint64) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		for i := 0; i < 1000; i++ {
			n = n*31 + uint64(i)
		}
	}
	return n
}

//go:noinline
func allocate(size int) []byte { return make([]byte, size) }

// descend walks one of 2^depth call paths, chosen by the bits of path, and allocates at the end of it.
//
//go:noinline
func descend(path uint64, depth int) []byte {
	if depth == 0 {
		return allocate(64)
	}
	if path&1 == 0 {
		return left(path>>1, depth-1)
	}
	return right(path>>1, depth-1)
}

//go:noinline
func left(path uint64, depth int) []byte { return descend(path, depth) }

//go:noinline
func right(path uint64, depth int) []byte { return descend(path, depth) }

func contend() {
	mu.Lock()
	time.Sleep(2 * time.Millisecond)
	mu.Unlock()
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	stacks := flag.Int("stacks", 0, "call paths held in the heap")
	depth := flag.Int("depth", 20, "frames of each path")
	busy := flag.Duration("busy", 20*time.Millisecond, "CPU burnt every 100 ms")
	every := flag.Int("rate", 512, "bytes between heap samples")
	flag.Parse()

	runtime.MemProfileRate = *every
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	http.Handle("/debug/fgprof", fgprof.Handler())

	for i := 0; i < *stacks; i++ {
		keep = append(keep, descend(rand.Uint64(), *depth/2))
	}
	if *busy > 0 {
		for i := 0; i < 2; i++ {
			go func() {
				for range time.Tick(100 * time.Millisecond) {
					contend()
				}
			}()
		}
		go func() {
			for range time.Tick(100 * time.Millisecond) {
				busyLoop(*busy)
				mu.Lock()
				keep = append(keep, descend(rand.Uint64(), *depth/2))
				if len(keep) > *stacks+1000 {
					keep = keep[500:]
				}
				mu.Unlock()
			}
		}()
	}

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
