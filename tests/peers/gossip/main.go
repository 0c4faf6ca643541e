// A node of the gossip that Invar's clusters speak, for tests: real memberlist (the fork that Alloy uses) over a transport of its own.
// It takes part in the cluster, and prints a line of JSON whenever what it sees changes: {"name": "participant", ...}.
//
// Usage: gossip_peer -name N -listen IP:PORT -join IP:PORT,... [-label L] [-state participant] [-cert F -key F -ca F]
// "terminate" on standard input makes it terminating; "leave", or the end of the input, makes it leave and exit.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/memberlist"
)

const (
	viewer = iota
	participant
	terminating
)

var stateNames = []string{"viewer", "participant", "terminating"}

type stateMessage struct {
	NodeName string
	NewState uint
	Time     uint64
}

type stateList struct {
	CurrentTime uint64
	NodeStates  []stateMessage
}

func pack(v any) []byte {
	var out []byte
	codec.NewEncoderBytes(&out, &codec.MsgpackHandle{}).MustEncode(v)
	return out
}

func unpack(b []byte, v any) error { return codec.NewDecoderBytes(b, &codec.MsgpackHandle{}).Decode(v) }

// node is the delegate of memberlist: the states of nodes by Lamport time.
type node struct {
	mu     sync.Mutex
	name   string
	own    uint
	clock  uint64
	states map[string]stateMessage
	there  map[string]bool
	queue  memberlist.TransmitLimitedQueue
	shown  string
}

type broadcast struct {
	name string
	data []byte
}

func (b broadcast) Invalidates(other memberlist.Broadcast) bool {
	o, ok := other.(broadcast)
	return ok && o.name == b.name
}
func (b broadcast) Message() []byte { return b.data }
func (b broadcast) Finished()       {}

func (n *node) observe(t uint64) {
	if t >= n.clock {
		n.clock = t + 1
	}
}

func (n *node) tell(m stateMessage) {
	n.states[m.NodeName] = m
	n.queue.QueueBroadcast(broadcast{m.NodeName, append([]byte{0x12, 1, 1}, pack(m)...)})
}

func (n *node) become(state uint) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.own = state
	n.clock++
	n.tell(stateMessage{n.name, state, n.clock})
	n.show()
}

func (n *node) hear(m stateMessage) {
	n.observe(m.Time)
	known, ok := n.states[m.NodeName]
	mine := m.NodeName == n.name
	if ok && m.Time <= known.Time && !(mine && m.Time == known.Time && m.NewState != known.NewState) {
		return
	}
	if mine {
		n.clock++
		m = stateMessage{n.name, n.own, n.clock}
	}
	n.tell(m)
	n.show()
}

func (n *node) show() {
	seen := map[string]string{}
	for name := range n.there {
		seen[name] = stateNames[n.states[name].NewState]
	}
	line, _ := json.Marshal(seen)
	if string(line) != n.shown {
		n.shown = string(line)
		fmt.Println(n.shown)
	}
}

func (n *node) NodeMeta(int) []byte { return nil }
func (n *node) NotifyMsg(b []byte) {
	var m stateMessage
	if len(b) < 3 || b[0] != 0x12 || b[1] != 1 || b[2] != 1 || unpack(append([]byte(nil), b[3:]...), &m) != nil {
		fmt.Fprintln(os.Stderr, "unknown message")
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hear(m)
}
func (n *node) GetBroadcasts(overhead, limit int) [][]byte { return n.queue.GetBroadcasts(overhead, limit) }
func (n *node) LocalState(bool) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := stateList{CurrentTime: n.clock}
	for name := range n.there {
		m, ok := n.states[name]
		if !ok {
			m = stateMessage{name, viewer, 0}
		}
		list.NodeStates = append(list.NodeStates, m)
	}
	return pack(list)
}
func (n *node) MergeRemoteState(b []byte, _ bool) {
	var list stateList
	if err := unpack(b, &list); err != nil {
		fmt.Fprintln(os.Stderr, "bad state:", err)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.observe(list.CurrentTime)
	for _, m := range list.NodeStates {
		if n.there[m.NodeName] {
			n.hear(m)
		}
	}
}
func (n *node) NotifyJoin(m *memberlist.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.there[m.Name] = true
	n.show()
}
func (n *node) NotifyLeave(m *memberlist.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.there, m.Name)
	delete(n.states, m.Name)
	n.show()
}
func (n *node) NotifyUpdate(*memberlist.Node) {}

func writeFrame(w io.Writer, data []byte) error {
	var head []byte
	if len(data) <= 0xffff {
		head = binary.BigEndian.AppendUint16([]byte{0xcc}, uint16(len(data)))
	} else {
		head = binary.BigEndian.AppendUint32([]byte{0xcd}, uint32(len(data)))
	}
	_, err := w.Write(append(head, data...))
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, 3)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	size := uint32(binary.BigEndian.Uint16(head[1:]))
	if head[0] == 0xcd {
		rest := make([]byte, 2)
		if _, err := io.ReadFull(r, rest); err != nil {
			return nil, err
		}
		size = binary.BigEndian.Uint32(append(head[1:], rest...))
	} else if head[0] != 0xcc {
		return nil, fmt.Errorf("bad frame %x", head[0])
	}
	data := make([]byte, size)
	_, err := io.ReadFull(r, data)
	return data, err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	name := flag.String("name", "", "")
	listen := flag.String("listen", "", "")
	join := flag.String("join", "", "")
	label := flag.String("label", "", "")
	state := flag.String("state", "participant", "")
	cert := flag.String("cert", "", "")
	key := flag.String("key", "", "")
	ca := flag.String("ca", "", "")
	flag.Parse()

	var serverTLS, clientTLS *tls.Config
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		pem, err := os.ReadFile(*ca)
		check(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		serverTLS = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
		clientTLS = &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
	}
	host, portText, err := net.SplitHostPort(*listen)
	check(err)
	port, err := strconv.Atoi(portText)
	check(err)

	t := newTransport(*listen, serverTLS, clientTLS)
	n := &node{name: *name, states: map[string]stateMessage{}, there: map[string]bool{}}
	config := memberlist.DefaultLANConfig()
	config.Name = *name
	config.Label = *label
	config.Transport = t
	config.AdvertiseAddr = host
	config.AdvertisePort = port
	config.ProbeInterval = 5 * time.Second
	config.ProbeTimeout = 2 * time.Second
	config.DisableTcpPings = true
	config.UDPBufferSize = 10 << 20
	config.TCPTimeout = 2 * time.Second
	config.Delegate = n
	config.Events = n
	config.LogOutput = os.Stderr
	list, err := memberlist.Create(config)
	check(err)
	n.queue.RetransmitMult = config.RetransmitMult
	n.queue.NumNodes = list.NumMembers
	if *join != "" {
		if _, err := list.Join(strings.Split(*join, ",")); err != nil {
			fmt.Fprintln(os.Stderr, "join:", err)
		}
	}
	if *state == "participant" {
		n.become(participant)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() && lines.Text() != "leave" {
		if lines.Text() == "terminate" {
			n.become(terminating)
		}
	}
	if err := list.Leave(5 * time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "leave:", err)
	}
	check(list.Shutdown())
}
