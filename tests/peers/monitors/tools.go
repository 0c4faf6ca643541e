//go:build tools

// Package monitors pins the types of the Prometheus operator's resources, and what makes their definitions of them.
package monitors

import (
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	_ "sigs.k8s.io/controller-tools/cmd/controller-gen"
)
