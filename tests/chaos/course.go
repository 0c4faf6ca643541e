package main

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const diskBytes = 96 << 20

// run is one test.
type run struct {
	setup
	random   *rand.Rand
	root     bool
	ids      *journal
	pace     *pace
	began    time.Time
	now      *process
	lives    []*lifetime // the last one is the present one
	troubles []trouble
	stops    []time.Duration
	kills    int
}

func (r *run) say(format string, arguments ...interface{}) {
	fmt.Printf("%6.1f s  %6d profiles  %s\n", time.Since(r.began).Seconds(), r.ids.count(), fmt.Sprintf(format, arguments...))
}

// begin starts Invar, and with it a new life.
func (r *run) begin() {
	r.lives = append(r.lives, &lifetime{began: time.Now()})
	r.now = r.start()
}

func (r *run) life() *lifetime { return r.lives[len(r.lives)-1] }

func (r *run) read() {
	at := time.Now()
	if rows, ok := readLedger(r.now.address); ok {
		r.life().last, r.life().read = rows, at
	}
}

// watch reads the ledger again and again for so long.
func (r *run) watch(long time.Duration) {
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		r.read()
	}
}

func (r *run) between(least, most int) time.Duration {
	return time.Duration(least+r.random.Intn(most-least)) * time.Millisecond
}

func (r *run) end(kill bool) {
	r.read()
	r.endNow(kill)
}

func (r *run) endNow(kill bool) {
	life := r.life()
	if kill {
		r.now.kill()
		life.ended, life.killed = time.Now(), true
		r.kills++
		r.say("killed")
		return
	}
	before := r.logSize()
	life.ending = time.Now()
	took := r.now.terminate()
	life.ended = time.Now()
	life.left, life.lost = r.ended(before)
	r.stops = append(r.stops, took)
	r.say("stopped in %d ms, left %v, dropped %v", took.Milliseconds(), sum(life.left), sum(life.lost))
	if took > 2500*time.Millisecond {
		fail("an orderly stop took %v", took)
	}
}

func sum(of map[string]float64) (out float64) {
	for _, count := range of {
		out += count
	}
	return out
}

func (r *run) restart(kill bool) {
	r.end(kill)
	r.begin()
}

// killAfterFailures: what has just met its first failure is on disk although it is young.
func (r *run) killAfterFailures() {
	for _, e := range r.endpoints {
		e.set(modeOK)
	}
	r.watch(600 * time.Millisecond)
	for _, e := range r.endpoints {
		e.set(mode500)
	}
	began := time.Now()
	r.read()
	time.Sleep(failTakes + 100*time.Millisecond - time.Since(began))
	r.endNow(true)
	r.begin()
}

// remove takes the whole pipeline out of the file, and puts it back after a while.
func (r *run) remove() {
	r.read()
	before := r.logSize()
	life := r.life()
	r.writeConfig(false)
	life.ending = time.Now()
	r.now.reload()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if rows, ok := readLedger(r.now.address); ok && len(rows) == 0 {
			break
		}
		if time.Now().After(deadline) {
			fail("the removed component is still there")
			break
		}
	}
	life.ended = time.Now()
	life.left, life.lost = r.ended(before)
	r.say("removed from the file, left %v, dropped %v", sum(life.left), sum(life.lost))
	time.Sleep(r.between(0, 1000))
	r.lives = append(r.lives, &lifetime{began: time.Now()})
	r.writeConfig(true)
	r.now.reload()
	r.say("back in the file")
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

// fillDisk leaves no space for a while, in which Invar may end; also what Invar frees meanwhile is taken.
func (r *run) fillDisk(end func()) {
	ballast := filepath.Join(r.storage, "ballast")
	file, err := os.Create(ballast)
	check(err)
	fill := func() {
		for block := make([]byte, 64<<10); ; {
			if _, err := file.Write(block); err != nil {
				if len(block) == 1 {
					return
				}
				block = block[:1]
			}
		}
	}
	r.troubles = append(r.troubles, trouble{time.Now(), time.Now().Add(time.Hour)})
	fill()
	r.say("the disk is full")
	enough, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-enough:
				return
			case <-time.After(2 * time.Millisecond):
				fill()
			}
		}
	}()
	r.watch(r.between(1000, 2500))
	end()
	close(enough)
	<-done
	_ = file.Close()
	check(os.Remove(ballast))
	r.troubles[len(r.troubles)-1].to = time.Now()
	r.say("the disk has space again")
	r.watch(r.between(500, 2000))
}

// Files that are open for writing keep a mount from becoming read-only, so this is what a start finds.
func (r *run) readOnlyStart() {
	r.end(false)
	if err := syscall.Mount("none", r.storage, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		r.say("not made read-only: %v", err)
		r.begin()
		return
	}
	from, refused := time.Now(), r.pace.answered("refused: disk")
	r.troubles = append(r.troubles, trouble{from, from.Add(time.Hour)})
	r.begin()
	r.say("started on a read-only disk")
	r.watch(r.between(1500, 2500))
	if r.sync == "always" {
		if kept := r.ids.acknowledgedSince(from); kept > 0 {
			fail("%d pushes were acknowledged that no disk could keep", kept)
		}
		if r.pace.answered("refused: disk") == refused {
			fail("no push was refused while nothing could be kept")
		}
	}
	check(syscall.Mount("none", r.storage, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", diskBytes)))
	r.troubles[len(r.troubles)-1].to = time.Now()
	r.say("the disk can be written again")
	// Until then what an earlier life left has not been found, and nothing can be said about it.
	r.watch(mendTakes)
}

// ---- the course of events

type event struct {
	name string
	run  func()
	disk bool
}

func (r *run) events() []event {
	kill, stop := func() { r.restart(true) }, func() { r.restart(false) }
	reload := func() {
		r.writeConfig(true)
		r.now.reload()
		r.say("reloaded")
	}
	return []event{
		{"reload", reload, false}, {"reload", reload, false}, {"kill", kill, false}, {"kill", kill, false}, {"stop", stop, false},
		{"kill after failures", r.killAfterFailures, false}, {"remove", r.remove, false},
		{"full", func() { r.fillDisk(func() {}) }, true},
		{"kill on a full disk", func() { r.fillDisk(kill) }, true},
		{"stop on a full disk", func() { r.fillDisk(stop) }, true},
		{"read-only", r.readOnlyStart, true},
	}
}

// chaos deals out all events in random order, again and again.
func (r *run) chaos(profiles int) {
	for round := 0; round == 0 || r.ids.count() < profiles; round++ {
		events := r.events()
		r.random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for _, e := range events {
			if e.disk && !r.root || round > 0 && r.ids.count() >= profiles {
				continue
			}
			r.watch(r.between(300, 2200))
			e.run()
		}
	}
}

func (r *run) queued() (least, most float64) {
	r.read()
	for i, e := range r.endpoints {
		q := r.life().last[e.destination()].queued
		if i == 0 || q < least {
			least = q
		}
		if q > most {
			most = q
		}
	}
	return least, most
}

const besieged = 4000

// siege: every server is in an outage of its own kind while thousands of profiles gather. The stop is prompt all the same, and
// the next life finds every one of them.
func (r *run) siege() {
	r.watch(mendTakes)
	for i, m := range []mode{modeHang, modeRefuse, mode500} {
		r.endpoints[i].set(m)
	}
	r.pace.set(false, true)
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if least, _ := r.queued(); least >= besieged {
			break
		}
		if time.Now().After(deadline) {
			fail("no %d profiles gathered in an outage", besieged)
			break
		}
	}
	r.pace.set(true, false)
	r.ids.set(true)
	r.watch(onTheWay)
	before := r.life().last
	r.end(false)
	if took := r.stops[len(r.stops)-1]; took > 2*time.Second {
		fail("a stop in an outage took %v", took)
	}
	r.begin()
	r.watch(time.Second)
	for _, e := range r.endpoints {
		was, is := before[e.destination()], r.life().last[e.destination()]
		if is.recovered != was.queued || is.queued != was.queued {
			fail("%s: %v were queued at the stop in an outage, %v were found and %v are queued after it", e.name, was.queued,
				is.recovered, is.queued)
		}
	}
}

func (r *run) settle() {
	r.say("the weather clears")
	for _, e := range r.endpoints {
		e.set(modeOK)
	}
	r.pace.set(false, false)
	r.ids.set(false)
	r.watch(2 * time.Second)
	r.pace.set(true, false)
	r.ids.set(true)
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if _, most := r.queued(); most == 0 && len(r.life().last) >= len(r.endpoints) {
			break
		}
		if time.Now().After(deadline) {
			fail("there are still profiles in the queue")
			break
		}
	}
	r.watch(2 * readingTakes) // and nothing comes any more
	r.end(false)
}

func (r *run) summary() {
	reasons := map[string]float64{}
	recovered, lost := 0.0, 0.0
	for _, life := range r.lives {
		for _, row := range life.last {
			recovered += row.recovered
			for reason, count := range row.reasons {
				reasons[reason] += count
			}
		}
		lost += sum(life.lost)
	}
	longest := time.Duration(0)
	for _, took := range r.stops {
		if took > longest {
			longest = took
		}
	}
	fmt.Printf("%d lives, %d kills, %d stops (the longest %d ms); recovered %v, dropped at stops %v, by reason %v; answers to clients %v\n",
		len(r.lives), r.kills, len(r.stops), longest.Milliseconds(), recovered, lost, reasons, r.pace.answers)
	if len(r.pace.strange) > 0 {
		fail("clients were answered strangely: %q", r.pace.strange)
	}
	// What clients were told is what the ledger says: a push that the disk cannot keep is refused by at least one endpoint.
	if told := r.pace.answers["refused: disk"]; r.sync == "always" && r.root && reasons["refused disk"] < float64(told)*0.9 {
		fail("%d pushes were refused for the disk, the ledger knows %v", told, reasons["refused disk"])
	}
}
