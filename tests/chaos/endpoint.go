package main

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"google.golang.org/protobuf/proto"
)

type mode string

const (
	modeOK      mode = "ok"
	modeRefuse  mode = "refuse"
	modeHang    mode = "hang"
	mode500     mode = "500"
	mode429     mode = "429"
	modeCut     mode = "cut"      // the connection is cut in the middle of the request's body
	modeNoReply mode = "no reply" // accepted, but the answer never comes
	modeHTML    mode = "html"
)

var troubles = []mode{modeRefuse, modeHang, mode500, mode429, modeCut, modeNoReply, modeHTML}

type delivery struct {
	at      time.Time
	hash    uint64 // of the request: body, and for /ingest target and type
	replied bool
}

// endpoint is one server. It remembers what it took, and since when Invar knows that an attempt has failed.
type endpoint struct {
	name, address string
	ids           *journal
	mu            sync.Mutex
	mode          mode
	changed       chan struct{} // closed when the mode changes
	server        *http.Server
	got           map[int][]delivery
	failed        map[int]time.Time // when the first failed attempt was answered
	refused       map[int]int
	accepts       []time.Time // of what was taken and answered
	refusals      []time.Time
	shuts         []time.Time // all connections were cut
}

// Every 997th profile is one that this endpoint never takes.
func (e *endpoint) refuses(id int) bool { return id%997 == 996 }

func newEndpoint(name string, ids *journal) *endpoint {
	e := &endpoint{name: name, ids: ids, mode: modeOK, changed: make(chan struct{}), got: map[int][]delivery{},
		failed: map[int]time.Time{}, refused: map[int]int{}}
	e.listen(ownAddress())
	return e
}

func (e *endpoint) destination() string { return "http://" + e.address }

func (e *endpoint) listen(address string) {
	listener, err := net.Listen("tcp", address)
	check(err)
	e.address = listener.Addr().String()
	e.server = &http.Server{Handler: e}
	go func(s *http.Server) { _ = s.Serve(listener) }(e.server)
}

func (e *endpoint) set(m mode) {
	e.mu.Lock()
	before := e.mode
	e.mode = m
	close(e.changed)
	e.changed = make(chan struct{})
	server := e.server
	if m == modeRefuse && before != modeRefuse {
		e.shuts = append(e.shuts, time.Now())
	}
	e.mu.Unlock()
	if m == modeRefuse && before != modeRefuse {
		_ = server.Close()
	} else if m != modeRefuse && before == modeRefuse {
		e.listen(e.address)
	}
}

func (e *endpoint) now() (mode, chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mode, e.changed
}

func cut(w http.ResponseWriter) {
	if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = connection.Close()
	}
}

// content is the id and the profile of a request, which must be what the id was given out with.
func (e *endpoint) content(r *http.Request, body []byte) (int, error) {
	raw, sampleID := body, ""
	if r.URL.Path != "/ingest" {
		var push pushv1.PushRequest
		if err := proto.Unmarshal(body, &push); err != nil {
			return 0, err
		}
		if len(push.Series) != 1 || len(push.Series[0].Samples) != 1 {
			return 0, fmt.Errorf("%d series", len(push.Series))
		}
		raw, sampleID = push.Series[0].Samples[0].RawProfile, push.Series[0].Samples[0].ID
	}
	id, ok := idOf(raw)
	given, known := e.ids.get(id)
	switch {
	case !ok || !known:
		return 0, fmt.Errorf("no id")
	case given.from != scraped && hashOf(raw) != given.hash:
		return 0, fmt.Errorf("id %d: not the bytes that the client sent", id)
	case given.from == pushed && sampleID != fmt.Sprintf("id-%d", id):
		return 0, fmt.Errorf("id %d: its sample's ID is %q", id, sampleID)
	case given.from == ingested && (r.URL.Path != "/ingest" || r.Header.Get("Content-Type") != "application/x-chaos" ||
		r.URL.Query().Get("name") != fmt.Sprintf("ingest{id=%d,service_name=ingest}", id) || r.URL.Query().Get("from") != "1700000000"):
		return 0, fmt.Errorf("id %d: came as %s of type %s", id, r.URL, r.Header.Get("Content-Type"))
	}
	return id, nil
}

// take notes a body that was read to its end. True when it is one to refuse.
func (e *endpoint) take(id int, hash uint64, replied bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if replied && e.refuses(id) {
		e.refused[id]++
		e.refusals = append(e.refusals, time.Now())
		return true
	}
	e.got[id] = append(e.got[id], delivery{time.Now(), hash, replied})
	if replied {
		e.accepts = append(e.accepts, time.Now())
	}
	return false
}

func (e *endpoint) fails(id int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.failed[id]; !ok {
		e.failed[id] = time.Now()
	}
}

func wait(ctx context.Context, changed chan struct{}) {
	select {
	case <-ctx.Done():
	case <-changed:
	}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m, changed := e.now()
	switch m {
	case modeHang:
		wait(r.Context(), changed)
		cut(w)
		return
	case modeCut:
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		cut(w)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	id, err := e.content(r, body)
	if err != nil {
		fail("%s: %v", e.name, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	target, _ := url.PathUnescape(r.RequestURI)
	hash := hashOf([]byte(target), []byte(r.Header.Get("Content-Type")), body)
	switch m {
	case mode500:
		http.Error(w, "trouble", http.StatusInternalServerError)
		e.fails(id)
	case mode429:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too fast", http.StatusTooManyRequests)
		e.fails(id)
	case modeHTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>log in</html>")
		e.fails(id)
	case modeNoReply:
		e.take(id, hash, false)
		if id%2 == 0 { // the others wait for nothing
			wait(r.Context(), changed)
		}
		cut(w)
	default:
		if e.take(id, hash, true) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"code":"invalid_argument","message":"not this one"}`)
			return
		}
		w.Header().Set("Content-Type", "application/proto")
	}
}

// weather gives the endpoint one mode after the other until `stop` is closed.
func (e *endpoint) weather(random *rand.Rand, stop chan struct{}, done *sync.WaitGroup) {
	defer done.Done()
	var kinds []mode
	for {
		m, lasts := modeOK, time.Duration(1000+random.Intn(3000))*time.Millisecond
		if random.Intn(2) == 0 {
			if len(kinds) == 0 { // each kind comes once before one comes again
				kinds = append(kinds, troubles...)
				random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
			}
			m, lasts = kinds[0], time.Duration(300+random.Intn(3000))*time.Millisecond
			kinds = kinds[1:]
		}
		e.set(m)
		select {
		case <-stop:
			return
		case <-time.After(lasts):
		}
	}
}

// between counts the instants of an interval.
func between(instants []time.Time, from, to time.Time) (count float64) {
	for _, at := range instants {
		if !at.Before(from) && !at.After(to) {
			count++
		}
	}
	return count
}
