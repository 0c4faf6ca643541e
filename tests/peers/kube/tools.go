//go:build tools

// Package kubepeer pins the program that tools/build_go_peer.sh builds.
package kubepeer

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
