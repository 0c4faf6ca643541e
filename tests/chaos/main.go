// chaos: Invar's delivery under everything at once. Made-up targets give out profiles with unique ids, and clients push others
// through pyroscope.receive_http; endpoints refuse, hang, answer 500, 429 and web pages, cut connections, and accept without an
// answer; meanwhile Invar is reloaded, stopped, killed, its pipeline is taken out of the file and comes back, and its disk fills up
// and becomes read-only. At the end every id must be at every endpoint, or counted under its reason.
//
//	chaos -invar build/release/invar                             about 45 s
//	chaos -invar build/release/invar -profiles 100000 -seed 7    the full one (make chaos)
//	chaos -invar build/release/invar -sync always
//
// What a kill may take: with sync = "spill" what is younger than a second, or 200 ms after its first failed attempt, and not yet on
// disk; with "always" nothing that was acknowledged with 200. The same seed gives the same schedule. The disk's troubles need root
// (a small tmpfs); without it they are left out, and the output says so.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"time"
)

var (
	failures   int
	failuresMu sync.Mutex
)

func fail(format string, arguments ...interface{}) {
	failuresMu.Lock()
	defer failuresMu.Unlock()
	failures++
	if failures <= 20 {
		fmt.Printf("FAIL "+format+"\n", arguments...)
	}
}

func fatal(format string, arguments ...interface{}) {
	fmt.Printf("FAIL "+format+"\n", arguments...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fatal("%v", err)
	}
}

func main() {
	binary := flag.String("invar", "", "the program")
	seed := flag.Int64("seed", time.Now().UnixNano()%1e6, "of everything random")
	profiles := flag.Int("profiles", 8000, "how many are given out, at least")
	count := flag.Int("targets", 200, "simulated targets, each scraped once a second")
	clients := flag.Int("clients", 4, "that push through the relay")
	kept := flag.String("sync", "spill", "of the queue: spill or always")
	folder := flag.String("folder", "", "for configuration, log and storage (default: a new one, removed after success)")
	flag.Parse()
	fmt.Printf("seed %d, %d profiles, sync = %q\n", *seed, *profiles, *kept)

	own := *folder == ""
	if own {
		made, err := os.MkdirTemp("", "invar-chaos.")
		check(err)
		*folder = made
	}
	random := rand.New(rand.NewSource(*seed))
	ids := &journal{random: rand.New(rand.NewSource(random.Int63()))}
	r := &run{random: random, root: os.Geteuid() == 0, ids: ids, began: time.Now(), pace: &pace{answers: map[string]int{}}}
	r.setup = setup{binary: *binary, folder: *folder, storage: filepath.Join(*folder, "storage"), count: *count, sync: *kept,
		relay: ownAddress()}
	r.target = targets(ids)
	for _, name := range []string{"one", "two", "three"} {
		r.endpoints = append(r.endpoints, newEndpoint(name, ids))
	}
	r.mount()
	defer r.unmount()
	r.begin()
	for n := 0; n < *clients; n++ {
		go r.client(n, r.relay, rand.New(rand.NewSource(random.Int63())))
	}

	clear := make(chan struct{})
	var weather sync.WaitGroup
	for _, e := range r.endpoints {
		weather.Add(1)
		go e.weather(rand.New(rand.NewSource(random.Int63())), clear, &weather)
	}
	r.chaos(*profiles)
	close(clear)
	weather.Wait()
	r.siege()
	r.settle()
	for _, e := range r.endpoints {
		e.mu.Lock()
		r.judge(e)
		r.audit(e)
	}
	r.summary()
	r.unmount()
	if failures > 0 {
		fmt.Printf("FAILED: %d; seed %d, files in %s\n", failures, *seed, *folder)
		os.Exit(1)
	}
	if own {
		_ = os.RemoveAll(*folder)
	}
	fmt.Println("PASSED")
}
