// loadserver is the other side of the macro benchmarks: many targets that answer with fixed bytes, and one push endpoint that
// takes everything; POST /hold?seconds=N makes it stand still for a while. It listens on -targets ports and prints them and the endpoint, one "target HOST:PORT" or "sink HOST:PORT"
// a line, then "ready". GET /count on the sink says how many bodies and bytes it took.
//
// With -dir, a target answers path /debug/pprof/KIND with DIR/KIND-{1,2,3}.pb.gz in turn (a changing cumulative profile).
// With -stacks, targets are made-up programs with heaps of that many stacks, and with -restart each begins anew as another
// program after that time.
package main

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var profiles, bytesTaken, served int64

type rounds struct {
	mu     sync.Mutex
	bodies [][]byte
	next   map[string]int
}

func (r *rounds) take(target string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	body := r.bodies[r.next[target]%len(r.bodies)]
	r.next[target]++
	return body
}

// Where a target of -stacks is: which of its lives, and how often each kind was asked for in it.
type life struct {
	number int64
	asked  map[string]int
}

type synthetic struct {
	mu       sync.Mutex
	programs []*program
	restart  time.Duration
	lives    map[string]*life
}

func newSynthetic(stacks int, restart time.Duration) *synthetic {
	s := &synthetic{restart: restart, lives: map[string]*life{}}
	programs := 1
	if restart > 0 {
		programs = 4
	}
	for i := 0; i < programs; i++ {
		s.programs = append(s.programs, newProgram(int64(i), stacks, 16))
	}
	return s
}

func (s *synthetic) take(target, kind string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := int64(0)
	if s.restart > 0 {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(target))
		number = (time.Now().UnixNano() + int64(hash.Sum32())*1000) / int64(s.restart)
	}
	now := s.lives[target]
	if now == nil || now.number != number {
		now = &life{number, map[string]int{}}
		s.lives[target] = now
	}
	bodies := s.programs[number%int64(len(s.programs))].kinds[kind]
	if bodies == nil {
		return nil
	}
	now.asked[kind]++
	return bodies[now.asked[kind]%len(bodies)]
}

func load(pattern string) *rounds {
	names, _ := filepath.Glob(pattern)
	r := &rounds{next: map[string]int{}}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			log.Fatal(err)
		}
		r.bodies = append(r.bodies, body)
	}
	return r
}

func main() {
	targets := flag.Int("targets", 100, "number of target ports")
	file := flag.String("file", "", "file that every path answers with")
	dir := flag.String("dir", "", "folder of KIND-N.pb.gz files")
	stacks := flag.Int("stacks", 0, "make up programs whose heaps have this many stacks")
	restart := flag.Duration("restart", 0, "with -stacks: how long a program lives")
	wait := flag.Bool("wait", false, "honour ?seconds=N as a CPU profile does")
	flag.Parse()

	var made *synthetic
	if *stacks > 0 {
		made = newSynthetic(*stacks, *restart)
	}
	kinds := map[string]*rounds{}
	var mu sync.Mutex
	var fixed *rounds
	if *file != "" {
		fixed = load(*file)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s := r.URL.Query().Get("seconds"); *wait && s != "" {
			d, _ := time.ParseDuration(s + "s")
			time.Sleep(d)
		}
		if made != nil {
			body := made.take(r.Host, path.Base(r.URL.Path))
			if body == nil {
				http.NotFound(w, r)
				return
			}
			atomic.AddInt64(&served, 1)
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(body)
			return
		}
		from := fixed
		if from == nil {
			kind := path.Base(r.URL.Path)
			mu.Lock()
			if kinds[kind] == nil {
				kinds[kind] = load(filepath.Join(*dir, kind+"-*.pb.gz"))
			}
			from = kinds[kind]
			mu.Unlock()
			if len(from.bodies) == 0 {
				http.NotFound(w, r)
				return
			}
		}
		atomic.AddInt64(&served, 1)
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(from.take(r.Host + strings.TrimSuffix(r.URL.Path, "/")))
	})
	for i := 0; i < *targets; i++ {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("target", listener.Addr())
		go http.Serve(listener, handler)
	}
	sink := http.NewServeMux()
	var held sync.RWMutex // written while the sink stands still
	sink.HandleFunc("/hold", func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.Query().Get("seconds") + "s")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		held.Lock()
		time.AfterFunc(d, held.Unlock)
	})
	sink.HandleFunc("/count", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, atomic.LoadInt64(&profiles), atomic.LoadInt64(&bytesTaken), atomic.LoadInt64(&served))
	})
	sink.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		held.RLock()
		held.RUnlock()
		n, _ := io.Copy(io.Discard, r.Body)
		atomic.AddInt64(&bytesTaken, n)
		atomic.AddInt64(&profiles, 1)
		w.Header().Set("Content-Type", "application/proto")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sink", listener.Addr())
	fmt.Println("ready")
	log.Fatal(http.Serve(listener, sink))
}
