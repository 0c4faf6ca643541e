// chaos: Invar's delivery under everything at once. Made-up targets give out profiles with unique ids; endpoints refuse, hang,
// answer 500, 429 and web pages, cut connections, and accept without an answer; meanwhile Invar is reloaded, stopped, killed, and
// its disk fills up and becomes read-only. At the end every id must be at every endpoint, or counted under its reason.
//
//	chaos -invar build/release/invar                             about 30 s
//	chaos -invar build/release/invar -profiles 100000 -seed 7    the full one (make chaos), about 12 minutes
//	chaos -invar build/release/invar -sync always
//
// What a kill may take: with sync = "spill" what is younger than a second and not yet on disk. The same seed gives the same
// schedule. The disk's troubles need root (a small tmpfs); without it they are left out, and the output says so.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

var failures int

func fail(format string, arguments ...interface{}) {
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

const diskBytes = 64 << 20

// run is one test.
type run struct {
	setup
	random *rand.Rand
	root   bool
	ids    *journal
	now    *invar
	// Instants at which a process ended: in an orderly way or not.
	ends    []time.Time
	kills   []time.Time
	dropped map[string]float64 // by destination, of all processes
	expired map[string]float64
	reasons map[string]float64
	began   time.Time
}

func (r *run) say(format string, arguments ...interface{}) {
	fmt.Printf("%6.1f s  %6d profiles  %s\n", time.Since(r.began).Seconds(), r.ids.count(), fmt.Sprintf(format, arguments...))
}

func (r *run) bookkeep() {
	for destination, row := range r.now.last {
		r.dropped[destination] += row.dropped
		r.expired[destination] += row.expired
	}
	for reason, count := range r.now.reasons {
		r.reasons[reason] += count
	}
}

// watch reads the ledger again and again for so long.
func (r *run) watch(long time.Duration) {
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		r.now.read()
	}
}

func (r *run) restart(kill bool) {
	r.now.read()
	began := time.Now()
	if kill {
		r.now.kill()
		r.kills = append(r.kills, time.Now())
		r.say("killed")
	} else {
		took := r.now.terminate()
		r.say("stopped in %d ms", took.Milliseconds())
		if took > 2500*time.Millisecond {
			fail("an orderly stop took %v", took)
		}
	}
	r.ends = append(r.ends, began)
	r.bookkeep()
	r.now = r.start()
}

// ---- the disk

func (r *run) mount() {
	check(os.MkdirAll(r.storage, 0o755))
	if !r.root {
		fmt.Println("not root: the disk neither fills up nor becomes read-only in this run")
		return
	}
	if err := syscall.Mount("none", r.storage, "tmpfs", 0, fmt.Sprintf("size=%d", diskBytes)); err != nil {
		fmt.Printf("no tmpfs here (%v): the disk neither fills up nor becomes read-only in this run\n", err)
		r.root = false
	}
}

func (r *run) unmount() {
	if r.root {
		_ = syscall.Unmount(r.storage, syscall.MNT_DETACH)
	}
}

func (r *run) fillDisk() {
	ballast := filepath.Join(r.storage, "ballast")
	file, err := os.Create(ballast)
	check(err)
	block := make([]byte, 64<<10)
	for {
		if _, err := file.Write(block); err != nil {
			if len(block) == 1 {
				break
			}
			block = block[:1]
		}
	}
	_ = file.Close()
	r.say("the disk is full")
	r.watch(time.Duration(2000+r.random.Intn(2000)) * time.Millisecond)
	check(os.Remove(ballast))
	r.say("the disk has space again")
	r.watch(2500 * time.Millisecond) // what waited in memory goes to disk
}

// Files that are open for writing keep a mount from becoming read-only, so this is what a start finds.
func (r *run) readOnlyStart() {
	r.now.read()
	took := r.now.terminate()
	r.ends = append(r.ends, time.Now().Add(-took))
	r.bookkeep()
	if err := syscall.Mount("none", r.storage, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		r.say("not made read-only: %v", err)
		r.now = r.start()
		return
	}
	r.now = r.start()
	r.say("started on a read-only disk")
	r.watch(3 * time.Second)
	check(syscall.Mount("none", r.storage, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", diskBytes)))
	r.say("the disk can be written again")
	r.watch(2500 * time.Millisecond)
}

// ---- the course of events

func (r *run) chaos(profiles int) {
	for r.ids.count() < profiles {
		r.watch(time.Duration(1500+r.random.Intn(2500)) * time.Millisecond)
		switch event := r.random.Intn(10); {
		case event < 4:
			r.writeConfig()
			r.now.reload()
			r.say("reloaded")
		case event < 6:
			r.restart(true)
		case event < 8:
			r.restart(false)
		case event < 9 && r.root:
			r.fillDisk()
		case r.root:
			r.readOnlyStart()
		}
	}
}

func (r *run) settle() {
	r.say("the weather clears")
	r.ids.close()
	deadline := time.Now().Add(90 * time.Second)
	for {
		r.watch(time.Second)
		queued := 0.0
		for _, row := range r.now.last {
			queued += row.queued
		}
		if queued == 0 && len(r.now.last) >= len(r.endpoints) {
			break
		}
		if time.Now().After(deadline) {
			fail("%v profiles are still queued", queued)
			break
		}
	}
	r.bookkeep()
	r.now.terminate()
}

func main() {
	binary := flag.String("invar", "", "the program")
	seed := flag.Int64("seed", time.Now().UnixNano()%1e6, "of everything random")
	profiles := flag.Int("profiles", 4000, "how many are taken from the targets")
	count := flag.Int("targets", 200, "simulated targets, each scraped once a second")
	sync_ := flag.String("sync", "spill", "of the queue: spill or always")
	folder := flag.String("folder", "", "for configuration, log and storage (default: a new one, removed after success)")
	flag.Parse()
	fmt.Printf("seed %d, %d profiles, sync = %q\n", *seed, *profiles, *sync_)

	own := *folder == ""
	if own {
		made, err := os.MkdirTemp("", "invar-chaos.")
		check(err)
		*folder = made
	}
	random := rand.New(rand.NewSource(*seed))
	r := &run{random: random, root: os.Geteuid() == 0, ids: &journal{random: rand.New(rand.NewSource(random.Int63()))},
		dropped: map[string]float64{}, expired: map[string]float64{}, reasons: map[string]float64{}, began: time.Now()}
	r.setup = setup{binary: *binary, folder: *folder, storage: filepath.Join(*folder, "storage"), count: *count, sync: *sync_}
	r.target = targets(r.ids)
	for _, name := range []string{"one", "two", "three"} {
		r.endpoints = append(r.endpoints, newEndpoint(name))
	}
	r.mount()
	defer r.unmount()
	r.now = r.start()

	clear := make(chan struct{})
	var weather sync.WaitGroup
	for _, e := range r.endpoints {
		weather.Add(1)
		go e.weather(rand.New(rand.NewSource(random.Int63())), clear, &weather)
	}
	r.chaos(*profiles)
	close(clear)
	weather.Wait()
	r.settle()
	r.judge()
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
