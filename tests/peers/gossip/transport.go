package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/memberlist"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

const (
	base        = "/api/v1/ckit/transport/"
	contentType = "application/x.ckit"
)

// transport carries memberlist's packets and streams in frames over HTTP/2.
type transport struct {
	scheme  string
	client  *http.Client
	packets chan *memberlist.Packet
	streams chan net.Conn
	server  *http.Server
}

func newTransport(listen string, serverTLS, clientTLS *tls.Config) *transport {
	t := &transport{scheme: "http", packets: make(chan *memberlist.Packet, 1000), streams: make(chan net.Conn)}
	h2 := &http2.Transport{AllowHTTP: true, TLSClientConfig: clientTLS}
	if clientTLS != nil {
		t.scheme = "https"
	} else {
		h2.DialTLSContext = func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
	}
	t.client = &http.Client{Transport: h2}
	mux := http.NewServeMux()
	mux.HandleFunc(base+"message", t.message)
	mux.HandleFunc(base+"stream", t.stream)
	t.server = &http.Server{Handler: h2c.NewHandler(mux, &http2.Server{}), TLSConfig: serverTLS}
	listener, err := net.Listen("tcp", listen)
	check(err)
	if serverTLS != nil {
		t.server.Handler = mux
		check(http2.ConfigureServer(t.server, nil))
		listener = tls.NewListener(listener, serverTLS)
	}
	go func() { _ = t.server.Serve(listener) }()
	return t
}

func refuse(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.ProtoMajor != 2:
		w.WriteHeader(http.StatusHTTPVersionNotSupported)
	case r.Header.Get("Content-Type") != contentType:
		w.WriteHeader(http.StatusBadRequest)
	default:
		return false
	}
	fmt.Fprintln(os.Stderr, "refused", r.Proto, r.URL.Path)
	return true
}

func (t *transport) message(w http.ResponseWriter, r *http.Request) {
	if refuse(w, r) {
		return
	}
	from, _ := net.ResolveTCPAddr("tcp", r.RemoteAddr)
	for {
		data, err := readFrame(r.Body)
		if err == io.EOF {
			return
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		t.packets <- &memberlist.Packet{Buf: data, From: from, Timestamp: time.Now()}
	}
}

// conn is one side of a stream.
type conn struct {
	net.Conn // none: what memberlist does not call is not there
	r        io.ReadCloser
	w        io.Writer
	left     bytes.Reader
	remote   net.Addr
	closed   func()
}

func (c *conn) Read(b []byte) (int, error) {
	for c.left.Len() == 0 {
		data, err := readFrame(c.r)
		if err != nil {
			return 0, err
		}
		c.left.Reset(data)
	}
	return c.left.Read(b)
}
func (c *conn) Write(b []byte) (int, error) {
	err := writeFrame(c.w, b)
	if f, ok := c.w.(http.Flusher); ok {
		f.Flush()
	}
	return len(b), err
}
func (c *conn) Close() error                     { c.closed(); return c.r.Close() }
func (c *conn) RemoteAddr() net.Addr             { return c.remote }
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

func (t *transport) stream(w http.ResponseWriter, r *http.Request) {
	if refuse(w, r) {
		return
	}
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	from, _ := net.ResolveTCPAddr("tcp", r.RemoteAddr)
	done := make(chan struct{})
	t.streams <- &conn{r: r.Body, w: w, remote: from, closed: func() { close(done) }}
	<-done
}

func (t *transport) post(ctx context.Context, path, addr string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.scheme+"://"+addr+base+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	response, err := t.client.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s %s: %s", path, addr, response.Status)
	}
	return response, err
}

func (t *transport) WriteTo(b []byte, addr string) (time.Time, error) {
	var frame bytes.Buffer
	_ = writeFrame(&frame, b)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if response, err := t.post(ctx, "message", addr, &frame); err != nil {
			fmt.Fprintln(os.Stderr, "send:", err)
		} else {
			response.Body.Close()
		}
	}()
	return time.Now(), nil
}

func (t *transport) WriteToAddress(b []byte, addr memberlist.Address) (time.Time, error) {
	return t.WriteTo(b, addr.Addr)
}

func (t *transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	reader, writer := io.Pipe()
	response, err := t.post(ctx, "stream", addr, reader)
	if err != nil {
		cancel()
		return nil, err
	}
	remote, _ := net.ResolveTCPAddr("tcp", addr)
	return &conn{r: response.Body, w: writer, remote: remote, closed: func() { writer.Close(); cancel() }}, nil
}

func (t *transport) DialAddressTimeout(addr memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(addr.Addr, timeout)
}

func (t *transport) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	parsed := net.ParseIP(ip)
	if v4 := parsed.To4(); v4 != nil {
		parsed = v4
	}
	return parsed, port, nil
}

func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }
func (t *transport) StreamCh() <-chan net.Conn           { return t.streams }
func (t *transport) Shutdown() error                     { return t.server.Close() }
