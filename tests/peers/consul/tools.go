//go:build tools

// Package consulpeer pins the program that tools/build_go_peer.sh builds.
package consulpeer

import _ "github.com/hashicorp/consul"
