// pyroscope is a Pyroscope server's front door made of public parts: the Connect push service of the pyroscope api module and
// /ingest. Every profile is decoded and checked with github.com/google/pprof and remembered for the test to ask about.
//
//	GET  /test/received      everything accepted so far, as JSON
//	POST /test/mode?...      what to answer from now on: mode=ok|unknown|unavailable|exhausted|invalid|unauthenticated|html|
//	                         hang|close|garbage|accept_then_close, retry_after=seconds, count=N (then ok again)
//
// With -rate it limits the uncompressed bytes that Push takes as a distributor does: a bucket of -burst bytes.
//
// It prints "listening HOST:PORT".
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
)

type received struct {
	Labels    map[string]string `json:"labels"`
	Types     []string          `json:"types"`
	Totals    map[string]int64  `json:"totals"`
	Negative  bool              `json:"negative"`
	Samples   int               `json:"samples"`
	Functions []string          `json:"functions"`
	TimeNanos int64             `json:"time_nanos"`
	Duration  int64             `json:"duration_nanos"`
	ID        string            `json:"id"`
	SHA256    string            `json:"sha256"`
	Bytes     int               `json:"bytes"`
	Gzip      bool              `json:"gzip"`
	Path      string            `json:"path"`
	Query     string            `json:"query,omitempty"`
	Headers   http.Header       `json:"headers"`
	At        int64             `json:"at_unix_ms"`
}

type server struct {
	mu         sync.Mutex
	got        []received
	problems   []string
	requests   int
	mode       string
	retryAfter string
	left       int
	limit      *bucket // null: none
}

// bucket lets bytes through at a rate, and never more than its size at once.
type bucket struct {
	mu                  sync.Mutex
	rate, burst, tokens float64
	filled              time.Time
}

func (b *bucket) allow(bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens += b.rate * now.Sub(b.filled).Seconds()
	if b.tokens > b.burst {
		b.tokens = b.burst
	}
	b.filled = now
	if float64(bytes) > b.tokens {
		return false
	}
	b.tokens -= float64(bytes)
	return true
}

// mib prints a size as the real server does, for sizes of this order.
func mib(bytes float64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.0f KiB", bytes/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", bytes/(1<<20))
}

func (s *server) nextMode() (mode, retryAfter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	mode, retryAfter = s.mode, s.retryAfter
	if s.left > 0 {
		if s.left--; s.left == 0 {
			s.mode = "ok"
		}
	}
	return mode, retryAfter
}

func (s *server) problem(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	s.mu.Lock()
	s.problems = append(s.problems, err.Error())
	s.mu.Unlock()
	return err
}

func gunzip(raw []byte) ([]byte, bool, error) {
	if len(raw) < 2 || raw[0] != 0x1f || raw[1] != 0x8b {
		return raw, false, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, true, err
	}
	plain, err := io.ReadAll(r)
	return plain, true, err
}

// inspect decodes one profile as the real server does, and strictly.
func (s *server) inspect(raw []byte) (received, error) {
	sum := sha256.Sum256(raw)
	r := received{SHA256: hex.EncodeToString(sum[:]), Bytes: len(raw), Totals: map[string]int64{}}
	plain, zipped, err := gunzip(raw)
	if err != nil {
		return r, s.problem("gunzip: %v", err)
	}
	r.Gzip = zipped
	p, err := profile.ParseUncompressed(plain)
	if err != nil {
		return r, s.problem("parse: %v", err)
	}
	if err := p.CheckValid(); err != nil {
		return r, s.problem("check: %v", err)
	}
	positive := false
	for _, t := range p.SampleType {
		r.Types = append(r.Types, t.Type+"/"+t.Unit)
	}
	for _, sample := range p.Sample {
		for i, v := range sample.Value {
			r.Totals[p.SampleType[i].Type] += v
			positive = positive || v > 0
			r.Negative = r.Negative || v < 0
		}
	}
	if !positive {
		return r, s.problem("a profile without a positive value was pushed")
	}
	r.Samples = len(p.Sample)
	for i, f := range p.Function {
		if i == 500 {
			break
		}
		r.Functions = append(r.Functions, f.Name)
	}
	r.TimeNanos, r.Duration = p.TimeNanos, p.DurationNanos
	return r, nil
}

func (s *server) Push(_ context.Context, req *connect.Request[pushv1.PushRequest]) (*connect.Response[pushv1.PushResponse], error) {
	for _, series := range req.Msg.Series {
		labels := map[string]string{}
		last := ""
		for _, l := range series.Labels {
			if l.Name <= last {
				return nil, connect.NewError(connect.CodeInvalidArgument, s.problem("labels not sorted: %q after %q", l.Name, last))
			}
			last = l.Name
			labels[l.Name] = l.Value
		}
		if labels["service_name"] == "" || labels["__name__"] == "" {
			return nil, connect.NewError(connect.CodeInvalidArgument, s.problem("missing name: %v", labels))
		}
		for _, sample := range series.Samples {
			if plain, _, err := gunzip(sample.RawProfile); s.limit != nil && err == nil && !s.limit.allow(len(plain)) {
				return nil, connect.NewError(connect.CodeResourceExhausted, fmt.Errorf("push rate limit (%s) exceeded while adding %s",
					mib(s.limit.rate), mib(float64(len(plain)))))
			}
			r, err := s.inspect(sample.RawProfile)
			if err != nil {
				return nil, connect.NewError(connect.CodeInvalidArgument, err)
			}
			r.Labels, r.ID, r.Path, r.Headers, r.At = labels, sample.ID, "push", req.Header(), time.Now().UnixMilli()
			s.mu.Lock()
			s.got = append(s.got, r)
			s.mu.Unlock()
		}
	}
	return connect.NewResponse(&pushv1.PushResponse{}), nil
}

func connectError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": message})
}

func hijackClose(w http.ResponseWriter) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = c.Close()
	}
}

// misbehave answers by the current mode; false when the request should be served properly.
func (s *server) misbehave(next http.Handler, w http.ResponseWriter, r *http.Request) bool {
	mode, retryAfter := s.nextMode()
	if retryAfter != "" && mode != "ok" {
		w.Header().Set("Retry-After", retryAfter)
	}
	switch mode {
	case "ok":
		return false
	case "unknown":
		connectError(w, 500, "unknown", "something broke")
	case "unavailable":
		connectError(w, 503, "unavailable", "service is unavailable")
	case "exhausted":
		connectError(w, 429, "resource_exhausted", "push rate limit (4.0 MiB) exceeded while adding 2.2 MiB")
	case "invalid":
		connectError(w, 400, "invalid_argument", "profile is invalid")
	case "unauthenticated":
		connectError(w, 401, "unauthenticated", "no org id")
	case "html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Sign in</title>")
	case "hang":
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	case "close":
		hijackClose(w)
	case "garbage":
		w.Header().Set("Content-Type", "application/proto")
		w.WriteHeader(502)
		_, _ = w.Write([]byte{0xff, 0xff, 0xff, 0x00})
	case "accept_then_close":
		next.ServeHTTP(discard{http.Header{}}, r)
		hijackClose(w)
	default:
		connectError(w, 500, "unknown", "no such mode: "+mode)
	}
	return true
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func (s *server) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.misbehave(next, w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// ingest remembers the body; of the forms that SDKs send it also looks into the profile.
func (s *server) ingest(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		connectError(w, 408, "unknown", err.Error())
		return
	}
	var got received
	if profile := formFile(r.Header.Get("Content-Type"), body, "profile"); profile != nil {
		if got, err = s.inspect(profile); err != nil {
			connectError(w, 422, "invalid_argument", err.Error())
			return
		}
	}
	if jfr := formFile(r.Header.Get("Content-Type"), body, "jfr"); jfr != nil {
		if plain, _, err := gunzip(jfr); err != nil || !bytes.HasPrefix(plain, []byte("FLR\x00")) {
			connectError(w, 422, "invalid_argument", s.problem("not a JFR recording (%v)", err).Error())
			return
		}
		got.Types = []string{"jfr"}
	}
	sum := sha256.Sum256(body)
	got.SHA256, got.Bytes = hex.EncodeToString(sum[:]), len(body)
	got.Path, got.Query, got.Headers, got.At = r.URL.Path, r.URL.RawQuery, r.Header, time.Now().UnixMilli()
	s.mu.Lock()
	s.got = append(s.got, got)
	s.mu.Unlock()
}

// formFile is the content of one file of a multipart form; nil when the body is no form or has none of that name.
func formFile(contentType string, body []byte, name string) []byte {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || parameters["boundary"] == "" {
		return nil
	}
	form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(64 << 20)
	if err != nil || len(form.File[name]) == 0 {
		return nil
	}
	file, err := form.File[name][0].Open()
	if err != nil {
		return nil
	}
	defer file.Close()
	content, _ := io.ReadAll(file)
	return content
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	cert := flag.String("cert", "", "TLS certificate file")
	key := flag.String("key", "", "TLS key file")
	forget := flag.Bool("forget", false, "check profiles but remember only their number (benchmarks)")
	rate := flag.Float64("rate", 0, "uncompressed bytes a second that Push takes; 0 for no limit")
	burst := flag.Float64("burst", 2<<20, "and at once")
	flag.Parse()

	s := &server{mode: "ok"}
	if *rate > 0 {
		s.limit = &bucket{rate: *rate, burst: *burst, tokens: *burst, filled: time.Now()}
	}
	mux := http.NewServeMux()
	path, handler := pushv1connect.NewPusherServiceHandler(s)
	mux.Handle(path, s.front(handler))
	mux.Handle("/ingest", s.front(http.HandlerFunc(s.ingest)))
	mux.HandleFunc("/test/received", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.got == nil {
			s.got = []received{}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"received": s.got, "problems": s.problems, "requests": s.requests})
	})
	mux.HandleFunc("/test/mode", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mode, s.retryAfter = r.FormValue("mode"), r.FormValue("retry_after")
		s.left, _ = strconv.Atoi(r.FormValue("count"))
	})
	if *forget {
		go func() {
			for range time.Tick(time.Second) {
				s.mu.Lock()
				s.got = nil
				s.mu.Unlock()
			}
		}()
	}

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	if *cert != "" {
		err = http.ServeTLS(listener, mux, *cert, *key)
	} else {
		err = http.Serve(listener, mux)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
