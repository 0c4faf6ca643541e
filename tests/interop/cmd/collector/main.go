// Command collector is a server of collector.v1.CollectorService over Connect, for tests: it gives out one text, remembers what it
// was asked and told, and fails in the ways it is told to.
//
//	POST /test/text             the body is the text from now on
//	POST /test/mode?mode=M      ok, boom (an error of the protocol), gateway (a bare 502), html (200 of a wrong type), hang
//	GET  /test/calls            everything it was asked, as JSON
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"
)

// raw is a message that nothing has decoded yet.
type raw struct{ bytes []byte }

type rawCodec struct{}

func (rawCodec) Name() string                  { return "proto" }
func (rawCodec) Marshal(m any) ([]byte, error) { return m.(*raw).bytes, nil }
func (rawCodec) Unmarshal(b []byte, m any) error {
	m.(*raw).bytes = append([]byte(nil), b...)
	return nil
}

type call struct {
	Method        string            `json:"method"`
	ID            string            `json:"id"`
	Name          string            `json:"name,omitempty"`
	Hash          string            `json:"hash,omitempty"`
	Attributes    map[string]string `json:"attributes,omitempty"`
	Status        *uint64           `json:"status,omitempty"`
	Error         string            `json:"error,omitempty"`
	Effective     *string           `json:"effective,omitempty"`
	Authorization string            `json:"authorization,omitempty"`
	UserAgent     string            `json:"userAgent"`
	Protocol      string            `json:"protocol"`
}

// fields calls each with every field of a message; malformed bytes are an error.
func fields(message []byte, each func(number protowire.Number, value uint64, bytes []byte)) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		default:
			return fmt.Errorf("field %d has an unexpected type", number)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		each(number, value, bytes)
	}
	return nil
}

func pair(message []byte) (key string, value []byte) {
	_ = fields(message, func(number protowire.Number, _ uint64, bytes []byte) {
		if number == 1 {
			key = string(bytes)
		} else {
			value = bytes
		}
	})
	return key, value
}

// first is the bytes of field 1.
func first(message []byte) (out []byte) {
	_ = fields(message, func(number protowire.Number, _ uint64, bytes []byte) {
		if number == 1 {
			out = bytes
		}
	})
	return out
}

func decode(method string, message []byte, header http.Header) (call, error) {
	c := call{Method: method, Attributes: map[string]string{}, Authorization: header.Get("Authorization"),
		UserAgent: header.Get("User-Agent"), Protocol: header.Get("Connect-Protocol-Version")}
	err := fields(message, func(number protowire.Number, _ uint64, bytes []byte) {
		switch {
		case number == 1:
			c.ID = string(bytes)
		case number == 3 && method == "RegisterCollector":
			c.Name = string(bytes)
		case number == 3:
			c.Hash = string(bytes)
		case number == 4:
			key, value := pair(bytes)
			c.Attributes[key] = string(value)
		case number == 5:
			var status uint64
			_ = fields(bytes, func(number protowire.Number, value uint64, bytes []byte) {
				if number == 1 {
					status = value
				} else {
					c.Error = string(bytes)
				}
			})
			c.Status = &status
		case number == 6:
			_, file := pair(first(first(bytes)))
			text := string(first(file))
			c.Effective = &text
		}
	})
	return c, err
}

type server struct {
	mutex sync.Mutex
	text  string
	mode  string
	calls []call
}

func (s *server) answer(method string) func(context.Context, *connect.Request[raw]) (*connect.Response[raw], error) {
	return func(ctx context.Context, request *connect.Request[raw]) (*connect.Response[raw], error) {
		c, err := decode(method, request.Msg.bytes, request.Header())
		if err != nil {
			return nil, connect.NewError(connect.CodeInvalidArgument, err)
		}
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.calls = append(s.calls, c)
		if s.mode == "boom" {
			return nil, connect.NewError(connect.CodeInternal, errors.New("boom"))
		}
		if method != "GetConfig" {
			return connect.NewResponse(&raw{}), nil
		}
		sum := sha256.Sum256([]byte(s.text))
		hash := hex.EncodeToString(sum[:8])
		var out []byte
		if c.Hash == hash {
			out = protowire.AppendVarint(protowire.AppendTag(out, 3, protowire.VarintType), 1)
		} else {
			out = protowire.AppendString(protowire.AppendTag(out, 1, protowire.BytesType), s.text)
			out = protowire.AppendString(protowire.AppendTag(out, 2, protowire.BytesType), hash)
		}
		return connect.NewResponse(&raw{out}), nil
	}
}

// broken answers before Connect does, in the modes that are no answers of the protocol.
func (s *server) broken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		mode := s.mode
		s.mutex.Unlock()
		switch mode {
		case "gateway":
			w.WriteHeader(http.StatusBadGateway)
		case "html":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>")
		case "hang":
			<-r.Context().Done()
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func main() {
	s := &server{mode: "ok"}
	mux := http.NewServeMux()
	for _, method := range []string{"RegisterCollector", "GetConfig", "UnregisterCollector"} {
		path := "/collector.v1.CollectorService/" + method
		mux.Handle(path, s.broken(connect.NewUnaryHandler(path, s.answer(method), connect.WithCodec(rawCodec{}))))
	}
	mux.HandleFunc("/test/text", func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.text = string(text)
	})
	mux.HandleFunc("/test/mode", func(_ http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.mode = r.URL.Query().Get("mode")
	})
	mux.HandleFunc("/test/calls", func(w http.ResponseWriter, _ *http.Request) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		_ = json.NewEncoder(w).Encode(s.calls)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}
